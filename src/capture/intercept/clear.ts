import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { AuditError, RevisionDeleteForbiddenError } from '../../audit.errors.js';
import { type ClearOptions, type TableClear } from '../../typeorm/patches/query-runner.patch.js';
import { type Clear } from '../../typeorm/patches/writes.patch.js';
import { captureOf } from './capture.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { type SkippedWrite } from '../skips/skips.js';
import { tableAtPath, tableOf } from '../tables/table-at-path.js';
import { noteUnattached } from '../tables/warn-of-unattached.js';

/** `clear()`: a DELETE, which is recorded, where rows with a history would vanish; else TypeORM's TRUNCATE. */
export const clearByDelete: Clear = async (manager, target, options, truncate) => {
  const dataSource = dataSourceOf(manager);
  const table = tableOf(dataSource.getMetadata(target));
  if (takesRows(dataSource, table, options)) await deleteAll(dataSource, table, manager.queryRunner);
  else await truncate();
};

/** `clearTable()` of a query runner likewise. `clear()` comes here where another library has replaced it. */
export const clearTableByDelete: TableClear = async (queryRunner, given, options, truncate) => {
  const dataSource = dataSourceOf(queryRunner);
  const table = tableAtPath(dataSource, typeof given === 'string' ? given : given.name);
  if (table && takesRows(dataSource, table, options)) await deleteAll(dataSource, table, queryRunner);
  else if (table) await truncateTraced(dataSource, table, queryRunner, options, truncate);
  else await truncate();
};

/** Empties a table; inside `without()` as one unit with its trace. TRUNCATE doesn't tell how many rows there were. */
async function truncateTraced(
  dataSource: DataSource,
  table: EntityMetadata,
  queryRunner: QueryRunner,
  options: ClearOptions | undefined,
  truncate: () => Promise<void>,
): Promise<void> {
  const capture = captureOf(dataSource);
  if (!capture || capture.isRecording || capture.skips.areUntraced) return truncate();
  const emptied = [table, ...(options?.cascade ? capture.cascades.foreignKeys.referringTables(table) : [])];
  const writes = emptied.flatMap((one): SkippedWrite[] => {
    const plan = capture.plans.find(one);
    return plan ? [{ plan, operation: 'delete', rows: null }] : [];
  });
  if (writes.length === 0) return truncate();
  capture.skips.assertAllowed(writes, 'without');
  await capture.skips.whenTraced(queryRunner, 'without', (trace) =>
    capture.units.run(queryRunner, async (unit) => {
      await truncate();
      await trace?.(unit, writes);
    }),
  );
}

async function deleteAll(
  dataSource: DataSource,
  { isJunction, tablePath, target }: EntityMetadata,
  queryRunner: QueryRunner | undefined,
): Promise<void> {
  const builder = dataSource.createQueryBuilder(queryRunner).delete();
  await builder
    .from(isJunction ? tablePath : target)
    .callListeners(false)
    .execute();
}

/** Whether rows with a history would be gone with a table's. @throws AuditError, RevisionDeleteForbiddenError */
function takesRows(
  dataSource: DataSource,
  table: EntityMetadata,
  options: ClearOptions | undefined,
): boolean {
  const capture = captureOf(dataSource);
  if (!capture) noteUnattached(dataSource, [table]);
  if (!capture) return false;
  if (capture.plans.isRevision(table)) throw new RevisionDeleteForbiddenError(table.name);
  const { foreignKeys } = capture.cascades;
  if (!capture.isRecording) return false;
  // The database has no TRUNCATE … CASCADE, so TypeORM refuses the call.
  if (options?.cascade && !capture.dialect.run.truncatesCascading) return false;
  if (options?.cascade && foreignKeys.isReferred(table))
    throw new AuditError(
      `clear(${table.name}, { cascade: true }) would empty audited tables that refer to it, whatever their foreign keys say, ` +
        `and leave no history of that. Clear them first, and ${table.name} without cascade.`,
    );
  return capture.plans.find(table) !== undefined || foreignKeys.actingOnDelete(table).length > 0;
}
