import { type QueryRunner } from 'typeorm';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { type PlanSql } from '../../audited/plan-sql.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { compileStatement } from '../../dialect/run/statement.js';
import { type Changeset } from '../../revision/changeset.js';
import { type TableStatements } from './table-statements.js';
import { type Recordable, valuesOf } from './table-write.js';

/** Whether the first revision of a write has to come with its changeset. */
export function needsChangeset({ changeset }: Pick<Recordable, 'changeset'>): boolean {
  return changeset !== undefined && !changeset.isMade;
}

/**
 * Takes note that a statement has written revisions and their changeset.
 *
 * @param written the number of revisions, as the driver returns it
 */
export function noteWritten({ changeset }: Recordable, written: unknown): number {
  if (Number(written) > 0) changeset?.noteMade();
  return Number(written);
}

/** The INSERT of a changeset. It ends with a SELECT of values, so that a condition can follow. */
export function insertChangeset(
  { dataSource, dialect, plan }: PlanSql,
  entity = String(plan.number),
): string {
  const table = auditPlansOf(dataSource).own!.changeset;
  const { types, sql } = dialect;
  const values: Partial<Record<keyof Changeset, string>> = {
    id: types.value('{{transaction}}', 'uuid'),
    entity,
    created: types.value('{{now}}', 'time'),
    actor: types.value('{{actor}}', 'text'),
    onBehalf: types.value('{{onBehalf}}', 'text'),
    action: types.value('{{action}}', 'text'),
    request: types.value('{{request}}', 'text'),
    ...(sql.transactionId && { xid: sql.transactionId }),
  };
  const columns = Object.keys(values).map((property) =>
    dataSource.driver.escape(table.findColumnWithPropertyName(property)!.databaseName),
  );
  return `INSERT INTO ${tableName(dataSource, table)} (${columns.join(', ')}) SELECT ${Object.values(values).join(', ')}`;
}

/** Inserts a changeset by a statement of its own, where the INSERT of the revisions could not bring it. */
export async function addChangeset(
  statements: TableStatements,
  queryRunner: QueryRunner,
  recordable: Recordable,
): Promise<void> {
  const statement = {
    plan: recordable.plan,
    kind: 'changeset',
    build: (sql: PlanSql) =>
      compileStatement(
        sql.dialect,
        sql.dialect.sql.unlessTaken(insertChangeset(sql), ['id', 'entity']),
        true,
      ),
  };
  await statements.execute(queryRunner, statement, valuesOf(recordable));
  noteWritten(recordable, 1);
}

/**
 * Inserts a changeset for what a transaction writes in a further context, as another actor say. It has the number of the
 * context in place of a table's, because the changesets of the tables have the context of their first write.
 */
export async function addFurtherChangeset(
  statements: TableStatements,
  queryRunner: QueryRunner,
  recordable: Recordable,
  number: number,
): Promise<void> {
  const statement = {
    plan: recordable.plan,
    kind: 'further changeset',
    build: (sql: PlanSql) => {
      const entity = sql.dialect.types.value('{{entity}}', 'integer');
      return compileStatement(
        sql.dialect,
        sql.dialect.sql.unlessTaken(insertChangeset(sql, entity), ['id', 'entity']),
      );
    },
  };
  await statements.execute(queryRunner, statement, { ...valuesOf(recordable), entity: number });
  noteWritten(recordable, 1);
}
