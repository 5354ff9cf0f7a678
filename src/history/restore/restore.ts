import { type DataSource, type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError, type RestoreConflict, RestoreConflictError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type ClassFilter } from '../revisions/class-filter.js';
import { keyOf } from '../arguments/key-of.js';
import { type Obstacle } from './obstacle.js';
import { obstacleOf, WriteRefusal } from './explain-refusal.js';
import { linkRelations, restoreLinks } from './restore-links.js';
import { RestoreRow } from './restore-row.js';
import { type EntityId } from '../types/entity-id.js';
import { type RestoreOptions } from '../types/restore.js';
import { type Revision } from '../types/revision.js';
import { RowRevisions } from '../revisions/row-revisions.js';
import { inWriteTransaction } from './write-transaction.js';

/** The name of a row for messages, and the revision to restore. */
interface RestoreTarget {
  readonly name: string;
  readonly revision: Revision;
}

/** The moment to restore. */
type Moment = Date | number | Pick<Revision, 'version'>;

/**
 * @returns the new revision; null if the row already had these values
 * @throws RestoreConflictError
 * @throws InvalidArgumentError naming the argument: 'id', 'at', 'relations'
 */
export async function restore<E extends ObjectLiteral>(
  dataSource: DataSource,
  plan: AuditPlan,
  id: EntityId,
  at: Moment,
  ofClass: ClassFilter | undefined,
  { relations = false, dryRun = false, manager }: RestoreOptions,
): Promise<Revision<E> | null> {
  const key = keyOf(dataSource, plan, id);
  const linked = linkRelations({ dataSource }, plan, relations);
  const reason = `restore of ${at instanceof Date ? momentText(at) : `version ${versionOf(at)}`}`;
  let row: RestoreTarget;
  const written = inWriteTransaction(dataSource, { manager, reason, dryRun }, async (write) => {
    const revisions = new RowRevisions<E>(write.reading, plan, key, ofClass);
    const target = await targetOf(revisions, at);
    row = { name: revisions.name, revision: target };
    const before = await revisions.newest();
    refuse(row, await new RestoreRow(write, plan, key).restore(target.id));
    const moment = at instanceof Date ? at : undefined;
    for (const relation of linked) refuse(row, await restoreLinks(write, plan, relation, target.id, moment));
    const after = await revisions.newest();
    return after && after.version !== before?.version ? after : null;
  });
  return written.catch(async (error: unknown) => {
    if (!(error instanceof WriteRefusal)) throw error;
    throw conflictError(row, [await obstacleOf(dataSource, manager?.queryRunner, error)], error.cause);
  });
}

async function targetOf<E extends ObjectLiteral>(
  revisions: RowRevisions<E>,
  at: Moment,
): Promise<Revision<E>> {
  const target = await revisions.asOf(at);
  const moment = at instanceof Date ? `at ${momentText(at)}` : `in version ${versionOf(at)}`;
  if (!target)
    throw new InvalidArgumentError(
      'at',
      `must be a time at which ${revisions.name} existed. ${revisions.name} did not exist ${moment}.`,
    );
  if (target.isDelete)
    throw new InvalidArgumentError(
      'at',
      `must be a time at which ${revisions.name} existed. ${revisions.name} had been deleted ${moment}. Call remove() to delete it.`,
    );
  return target;
}

function refuse(row: RestoreTarget, obstacles: readonly Obstacle[]): void {
  if (obstacles.length > 0) throw conflictError(row, obstacles);
}

function conflictError(
  { name, revision: { entity, entityId, version } }: RestoreTarget,
  obstacles: readonly Obstacle[],
  cause?: unknown,
): RestoreConflictError {
  const conflicts = obstacles.map(({ problem, remedy, values }): RestoreConflict => ({
    entity,
    id: entityId,
    problem,
    ...(remedy && { remedy }),
    ...(values && { values }),
  }));
  return new RestoreConflictError(
    `${name} as of version ${version}`,
    conflicts,
    cause === undefined ? {} : { cause },
  );
}

function momentText(at: Date): string {
  return Number.isNaN(at.getTime()) ? String(at) : at.toISOString();
}

function versionOf(at: number | Pick<Revision, 'version'>): string {
  return String(typeof at === 'object' ? (at as Pick<Revision, 'version'> | null)?.version : at);
}
