import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type MigrationExtension } from '../../typeorm/patches/writes.patch.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';

/** A run of migrations, during which tables of this library may still be missing. */
interface MigrationRun {
  /** The number of runs at the same time. */
  running: number;
  /** The tables that have been found complete. */
  readonly complete: Set<EntityMetadata>;
  readonly warned: Set<EntityMetadata>;
}

const runs = new StateSlot<MigrationRun>('migration-run');

/** Notes on a data source that its migrations are running. */
export const pendingTables: MigrationExtension = {
  async run(dataSource, migrate) {
    const run = runs.of(dataSource) ?? { running: 0, complete: new Set(), warned: new Set() };
    runs.set(dataSource, run);
    run.running++;
    try {
      return await migrate();
    } finally {
      run.running--;
      if (run.running === 0) runs.set(dataSource, undefined);
    }
  },
};

export function isMigrating(dataSource: DataSource): boolean {
  return runs.of(dataSource) !== undefined;
}

/**
 * Whether a write to a table can be recorded. An older migration may write to a table whose revision table only a later
 * migration creates: false, with a warning. Outside of migrations the answer is true without a query, so a missing
 * table is an error.
 */
export function isRecordable(queryRunner: QueryRunner, plan: AuditPlan): true | Promise<boolean> {
  const run = runs.of(dataSourceOf(queryRunner));
  return run ? isRecordableIn(run, queryRunner, plan) : true;
}

/** Whether running migrations still have to create a table of this library. */
export function isPending(queryRunner: QueryRunner, table: EntityMetadata): false | Promise<boolean> {
  const run = runs.of(dataSourceOf(queryRunner));
  return run ? isComplete(run, queryRunner, table).then((isThere) => !isThere) : false;
}

async function isRecordableIn(
  run: MigrationRun,
  queryRunner: QueryRunner,
  { metadata, revision }: AuditPlan,
): Promise<boolean> {
  if (await isComplete(run, queryRunner, revision)) return true;
  if (!run.warned.has(revision)) {
    run.warned.add(revision);
    dataSourceOf(queryRunner).logger.log(
      'warn',
      `A migration writes to ${metadata.tablePath}, whose revision table ${revision.tablePath} is not there yet or lacks ` +
        `columns. Its writes are not recorded until then. AuditMaintenance.backfill() gives the rows their first revision.`,
      queryRunner,
    );
  }
  return false;
}

// Query before the write, because a failed statement aborts a PostgreSQL transaction. Query each time, because a
// migration may drop the table; but check all columns only once.
async function isComplete(
  run: MigrationRun,
  queryRunner: QueryRunner,
  table: EntityMetadata,
): Promise<boolean> {
  const wanted = run.complete.has(table) ? table.columns.slice(0, 1) : table.columns;
  for (const { databaseName } of wanted)
    if (!(await queryRunner.hasColumn(table.tablePath, databaseName))) return false;
  run.complete.add(table);
  return true;
}
