import { type DataSource, type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError, type RestoreConflict, RestoreConflictError } from '../audit.errors.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { asOf } from './as-of.js';
import { keyOf } from './key-of.js';
import { linkedRelations, restoreLinks } from './restored-links.js';
import { RestoredRow } from './restored-row.js';
import { type EntityId, type RestoreOptions, type Revision } from './revision.js';
import { RowRevisions } from './row-revisions.js';
import { inWriteTransaction } from './write-transaction.js';

/** Where a row is brought back to. */
type Moment = Date | number | Pick<Revision, 'version'>;

/**
 * @returns the new revision, or null if the row was so already
 * @throws RestoreConflictError
 * @throws InvalidArgumentError naming the argument: 'id', 'at', 'relations'
 */
export async function restore<E extends ObjectLiteral>(
  dataSource: DataSource,
  plan: AuditPlan,
  id: EntityId,
  at: Moment,
  { relations = false, manager }: RestoreOptions,
): Promise<Revision<E> | null> {
  const key = keyOf(dataSource, plan, id);
  const linked = linkedRelations({ dataSource }, plan, relations);
  const reason = `restore of ${at instanceof Date ? momentText(at) : `version ${versionOf(at)}`}`;
  return inWriteTransaction(dataSource, { manager, reason }, async (write) => {
    const revisions = new RowRevisions<E>(dataSource, plan, key, write.queryRunner);
    const target = await targetOf(revisions, at);
    const before = await revisions.newest();
    const problems = await new RestoredRow(write, plan, key).restore(target.id);
    refuse(revisions.name, target, problems);
    for (const relation of linked) {
      const moment = at instanceof Date ? at : undefined;
      refuse(revisions.name, target, await restoreLinks(write, plan, relation, target.id, moment));
    }
    const after = await revisions.newest();
    return after && after.version !== before?.version ? after : null;
  });
}

async function targetOf<E extends ObjectLiteral>(
  revisions: RowRevisions<E>,
  at: Moment,
): Promise<Revision<E>> {
  const [target] = await revisions.read(asOf(at));
  const moment = at instanceof Date ? `at ${momentText(at)}` : `in version ${versionOf(at)}`;
  if (!target) throw new InvalidArgumentError('at', `${revisions.name} did not exist ${moment}.`);
  if (target.isDelete)
    throw new InvalidArgumentError(
      'at',
      `${revisions.name} had been deleted ${moment}. Use remove() if that is what it is to come to.`,
    );
  return target;
}

function refuse(name: string, { entity, entityId, version }: Revision, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const conflicts = problems.map((problem): RestoreConflict => ({ entity, id: entityId, problem }));
  throw new RestoreConflictError(`${name} as of version ${version}`, conflicts);
}

function momentText(at: Date): string {
  return Number.isNaN(at.getTime()) ? String(at) : at.toISOString();
}

function versionOf(at: number | Pick<Revision, 'version'>): string {
  return String(typeof at === 'object' ? (at as Pick<Revision, 'version'> | null)?.version : at);
}
