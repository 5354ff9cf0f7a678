import { type DataSource, type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError, type RestoreConflict, RestoreConflictError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type ClassFilter } from '../revisions/class-filter.js';
import { type Key } from '../../dialect/keys/key.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { assertOptions, type OptionNames } from '../../option-names.js';
import { assertBoolean } from '../arguments/checks.js';
import { keyOf } from '../arguments/key-of.js';
import { assertVersion } from '../arguments/version.js';
import { historyOf } from '../history.js';
import { type Reading } from '../revisions/reading.js';
import { revisionsSince } from './changed-since.js';
import { restoredColumns, restoreReason } from './restored-columns.js';
import { type Obstacle } from './obstacle.js';
import { obstacleOf, WriteRefusal } from './explain-refusal.js';
import { linkRelations, restoreLinks } from './restore-links.js';
import { RestoreTable } from './restore-table.js';
import { type EntityId } from '../types/entity-id.js';
import { type EntityMoment } from '../types/moment.js';
import { type RestoreOptions } from '../types/restore.js';
import { type Revision } from '../types/revision.js';
import { RowRevisions } from '../revisions/row-revisions.js';
import { type HistoryWrite, inWriteTransaction } from './write-transaction.js';

const OPTIONS: OptionNames<RestoreOptions> = {
  expectedVersion: true,
  properties: true,
  relations: true,
  dryRun: true,
  manager: true,
};

/** The name of a row for messages, and the revision to restore. */
interface RestoreTarget {
  readonly name: string;
  readonly revision: Revision;
}

/** How often a restore that lost a race is tried again, as long as the winner has not committed. */
const MOST_RETRIES = 3;

/**
 * @returns the new revision; null if the row already had these values
 * @throws RestoreConflictError
 * @throws InvalidArgumentError naming the argument: 'id', 'at', 'options', or one of the options
 */
export async function restore<E extends ObjectLiteral>(
  dataSource: DataSource,
  plan: AuditPlan,
  id: EntityId,
  at: EntityMoment,
  ofClass: ClassFilter | undefined,
  options: RestoreOptions,
): Promise<Revision<E> | null> {
  assertOptions('options', options, OPTIONS);
  const { relations = false, expectedVersion, properties, dryRun = false, manager } = options;
  assertBoolean('dryRun', dryRun);
  const key = keyOf(dataSource, plan, id);
  const linked = linkRelations({ dataSource }, plan, relations);
  const columns = properties === undefined ? undefined : restoredColumns(plan, properties);
  if (expectedVersion !== undefined) assertVersion('expectedVersion', expectedVersion);
  const reason = restoreReason(
    at instanceof Date ? momentText(at) : `version ${versionOf(at)}`,
    columns && properties,
  );
  const plans = [plan, ...linked.map(({ junction }) => junction)];
  let row: RestoreTarget | undefined;
  const attempt = async (write: HistoryWrite): Promise<Revision<E> | null> => {
    const table = await RestoreTable.open(write, plan, columns);
    const revisions = new RowRevisions<E>(write.reading, plan, key, ofClass);
    await table.lock([{ key }]).catch((error: unknown) => {
      throw revisions.explain(error);
    });
    const target = await targetOf(revisions, at);
    row = { name: revisions.name, revision: target };
    const toRestore = { key, revisionId: target.id };
    const [assessment] = await table.assess([toRestore]);
    // Read after the assessment: it locks a row that has come back since the first lock found none.
    const before = await table.newestVersion(key);
    if (expectedVersion !== undefined)
      refuse(row, await changesSince(write.reading, plan, key, expectedVersion, before), expectedVersion);
    if (columns && !assessment.isPresent)
      throw new InvalidArgumentError(
        'properties',
        `must not be given for ${revisions.name}, which is deleted. Leave it out to bring the whole entity back.`,
      );
    refuse(row, table.certain(assessment), expectedVersion);
    await table.write([{ ...toRestore, assessment }]);
    const moment = at instanceof Date ? at : undefined;
    for (const relation of linked)
      refuse(row, await restoreLinks(write, plan, relation, target.id, moment), expectedVersion);
    const after = await revisions.newest();
    return after && after.version > before ? after : null;
  };
  const write = (): Promise<Revision<E> | null> =>
    inWriteTransaction(dataSource, { manager, plans, reason, dryRun }, attempt);
  const explain = async (error: unknown, retries: number): Promise<Revision<E> | null> => {
    const { queryRunner } = manager ?? {};
    // Two restores of a deleted row find no row to lock. The database refuses the second one, and the first is why.
    const isLost = error instanceof WriteRefusal || (!queryRunner && isConflict(dataSource, error));
    if (row && isLost && expectedVersion !== undefined) {
      const reading = historyOf(dataSource).reading(dataSource, { queryRunner });
      const since = await changesSince(reading, plan, key, expectedVersion);
      if (since.length > 0) throw conflictError(row, since, expectedVersion, error);
      // After a deadlock, the other restore may not have committed yet. The next attempt waits for it.
      if (!queryRunner && retries > 0 && isConflict(dataSource, error))
        return write().catch((next: unknown) => explain(next, retries - 1));
    }
    if (!row || !(error instanceof WriteRefusal)) throw error;
    const obstacle = await obstacleOf(dataSource, queryRunner, error);
    throw conflictError(row, [obstacle], expectedVersion, error.cause);
  };
  return write().catch((error: unknown) => explain(error, MOST_RETRIES));
}

/**
 * Compares the newest version of a row with the expected one.
 *
 * @returns the obstacle, if the row has changed since
 * @throws InvalidArgumentError 'expectedVersion', when the row has not come to that version
 */
async function changesSince(
  reading: Reading,
  plan: AuditPlan,
  key: Key,
  expected: number,
  newest?: number,
): Promise<readonly Obstacle[]> {
  // Of any class: the row may have changed its class since.
  const row = new RowRevisions(reading, plan, key);
  if (newest !== undefined && newest < expected)
    throw new InvalidArgumentError(
      'expectedVersion',
      `must be at most ${newest}, the newest version of ${row.name}, got ${expected}.`,
    );
  if (newest === expected) return [];
  const since = await revisionsSince(row, expected);
  const version = newest ?? since.at(0)?.version;
  if (version === undefined) return [];
  const verb = since.at(0)?.isDelete ? 'was deleted' : 'has changed';
  return [
    {
      problem: `${row.name} ${verb} since version ${expected}, in version ${version}`,
      remedy: `Look at what has changed since, and try again with expectedVersion ${version} if it is to be taken back.`,
      changedSince: since,
    },
  ];
}

function isConflict(dataSource: DataSource, error: unknown): boolean {
  return dialectOf(dataSource).locks.isConflict(error);
}

async function targetOf<E extends ObjectLiteral>(
  revisions: RowRevisions<E>,
  at: EntityMoment,
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

function refuse(
  row: RestoreTarget,
  obstacles: readonly Obstacle[],
  expectedVersion: number | undefined,
): void {
  if (obstacles.length > 0) throw conflictError(row, obstacles, expectedVersion);
}

function conflictError(
  { name, revision: { entity, entityId, version } }: RestoreTarget,
  obstacles: readonly Obstacle[],
  expectedVersion: number | undefined,
  cause?: unknown,
): RestoreConflictError {
  const conflicts = obstacles.map(({ problem, remedy, values, changedSince }): RestoreConflict => ({
    entity,
    id: entityId,
    problem,
    ...(expectedVersion !== undefined && { version: expectedVersion }),
    ...(changedSince && { changedSince }),
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
