import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { onRunner, type Reading, readRows } from './reading.js';

/**
 * The most tables that one statement reads. On PostgreSQL a statement holds about four locks for each; MariaDB and
 * MySQL join at most 61.
 */
export const MAX_TABLES = 25;

/** SQL: a text of our own tables equals a parameter. The first condition takes the index, the second compares exactly. */
export function isText({ tables }: Pick<Reading, 'tables'>, column: string, parameter: string): string {
  const { types } = dialectOf(tables.dataSource);
  return `${column} = ${types.value(parameter, 'text')} AND ${types.sameText(column, parameter)}`;
}

/** `audit_changeset`, for FROM. */
export function changesetTable({ tables: { dataSource } }: Pick<Reading, 'tables'>): string {
  return tableName(dataSource, auditPlansOf(dataSource).own!.changeset);
}

/** Whether `audit_changeset` is there. A database that a migration has not reached yet lacks it. */
export async function hasChangesets(reading: Reading): Promise<boolean> {
  const { known, dataSource } = reading.tables;
  const own = auditPlansOf(dataSource).own;
  if (known.hasChangesets || !own) return known.hasChangesets;
  const [columns] = await onRunner(reading, (queryRunner) =>
    dialectOf(dataSource).catalogue.read(queryRunner, [own.changeset.tablePath]),
  );
  return (known.hasChangesets = columns.length > 0);
}

/**
 * The tables that a transaction may have written: those of its changesets, or all tables, if it has none because an
 * older version of this library has written it.
 */
export async function tablesOfTransaction(reading: Reading, transaction: string): Promise<AuditPlan[]> {
  const { all } = auditPlansOf(reading.dataSource);
  if (!(await hasChangesets(reading))) return all;
  const statement = reading.tables.statement(
    'tables of a transaction',
    () => `SELECT c.entity AS entity FROM ${changesetTable(reading)} c WHERE c.id = {{transaction}}`,
  );
  const rows = await readRows(reading, statement, { transaction });
  const numbers = new Set(rows.map(({ entity }) => Number(entity)));
  return numbers.size === 0 ? all : all.filter(({ number }) => numbers.has(number));
}

/**
 * Whether each revision of these tables has a changeset. Older versions of this library wrote none.
 * So the oldest revision of a table tells.
 */
export async function areCovered(reading: Reading, plans: readonly AuditPlan[]): Promise<boolean> {
  if (!(await hasChangesets(reading))) return false;
  const { tables } = reading;
  const { covered } = tables.known;
  const { sql } = dialectOf(tables.dataSource);
  const open = plans.filter((plan) => !covered.has(plan));
  for (let at = 0; at < open.length; at += MAX_TABLES) {
    const group = open.slice(at, at + MAX_TABLES);
    const statement = tables.statement(`covered\n${namesOf(group)}`, () => {
      const oldest = (plan: AuditPlan): string =>
        `SELECT r.rev_transaction FROM ${tableName(tables.dataSource, plan.revision)} r ORDER BY r.rev_id ${sql.limit(1)}`;
      const each = group.map(
        (plan, t) =>
          `CASE WHEN NOT EXISTS (SELECT 1 FROM ${tableName(tables.dataSource, plan.revision)} r) THEN 1 ` +
          `WHEN EXISTS (SELECT 1 FROM ${changesetTable(reading)} c WHERE c.id = (${oldest(plan)}) ` +
          `AND c.entity = ${plan.number}) THEN 1 ELSE 0 END AS t${t}`,
      );
      return `SELECT ${each.join(', ')}`;
    });
    const [row] = await readRows(reading, statement, {});
    group.forEach((plan, t) => Number(row[`t${t}`]) === 1 && covered.add(plan));
  }
  return open.every((plan) => covered.has(plan));
}

/** The tables, for the key of a statement. */
export function namesOf(plans: readonly AuditPlan[]): string {
  return plans.map(({ revision }) => revision.tablePath).join('\n');
}
