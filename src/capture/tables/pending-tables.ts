import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type MigrationExtension } from '../../typeorm/writes.patch.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';

/** A run of migrations, during which tables of ours may not be there yet. */
interface MigrationRun {
  /** How many run at once. */
  running: number;
  /** Tables that had all of their columns when it looked. */
  readonly complete: Set<EntityMetadata>;
  readonly warned: Set<EntityMetadata>;
}

const runs = new StateSlot<MigrationRun>('migration-run');

/** Remembers with a data source that its migrations are running. */
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

/** Whether migrations are running. */
export function isMigrating(dataSource: DataSource): boolean {
  return runs.of(dataSource) !== undefined;
}

/**
 * Whether a write to a table can be recorded. While migrations run, an older one may write to a table whose revision
 * table only a later one makes: then it can't, and a warning says so. Outside of migrations it is true without a look,
 * so that a missing table is an error.
 */
export function isRecordable(queryRunner: QueryRunner, plan: AuditPlan): true | Promise<boolean> {
  const run = runs.of(dataSourceOf(queryRunner));
  return run ? isRecordableIn(run, queryRunner, plan) : true;
}

/** Whether migrations are running that have still to make a table of ours. */
export async function isPending(queryRunner: QueryRunner, table: EntityMetadata): Promise<boolean> {
  const run = runs.of(dataSourceOf(queryRunner));
  return !!run && !(await isComplete(run, queryRunner, table));
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

// It looks before it writes, because a statement that fails ends a PostgreSQL transaction. Each time, because a migration
// may drop the table too; but for all columns only once.
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
