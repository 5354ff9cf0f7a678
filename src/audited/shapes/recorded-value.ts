import { type DataSource } from 'typeorm';
import { dialectOf } from '../../dialect/dialect-of.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { type AuditPlan, type PlanColumn } from '../audit-plan.js';

/**
 * SQL: the value of a column in the revision under an alias, as far as it is known.
 *
 * A revision whose writer didn't know the column has null there. While versions of an application run side by side, an
 * older revision may know the value. Otherwise the row has the column's default. Where only the database knew the
 * value, the result is null, and `isBlind()` tells it from a value.
 */
export function recordedValue(
  dataSource: DataSource,
  plan: AuditPlan,
  alias: string,
  { databaseName, copy }: PlanColumn,
): string {
  const name = dataSource.driver.escape(databaseName);
  const gap = plan.gaps.get(databaseName);
  if (!gap) return `${alias}.${name}`;
  const dialect = dialectOf(dataSource);
  const lacking = [...gap.assumed, ...gap.blind];
  const keys = plan.keys.map((key) => dataSource.driver.escape(key.databaseName));
  const older =
    `FROM ${tableName(dataSource, plan.revision)} x WHERE ${keysEqual(keys, 'x', alias)} ` +
    `AND x.rev_version < ${alias}.rev_version AND x.rev_created >= ${gap.since} ` +
    `AND (x.rev_isdelete OR NOT ${isOfShape('x', lacking)})`;
  const absent = dialect.types.constant(gap.value, copy);
  const olderValue =
    `(SELECT CASE WHEN x.rev_isdelete THEN ${absent} ELSE x.${name} END ${older} ` +
    `ORDER BY x.rev_version DESC ${dialect.sql.limit(1)})`;
  const known =
    gap.value === null
      ? olderValue
      : `CASE WHEN EXISTS (SELECT 1 ${older}) THEN ${olderValue} ELSE ${absent} END`;
  return (
    `(CASE WHEN NOT ${isOfShape(alias, lacking)} THEN ${alias}.${name} ` +
    `WHEN ${alias}.rev_created < ${gap.since} THEN ${absent} ELSE ${known} END)`
  );
}

/**
 * SQL: the value that a later state is compared with, as far as it is known. It is the recorded one, unless a migration
 * has emptied the column since: then the row had what the migration left, and that is nobody's change.
 *
 * @param later SQL for when the later state was made; undefined for now
 */
export function comparedValue(
  dataSource: DataSource,
  plan: AuditPlan,
  alias: string,
  column: PlanColumn,
  later?: string,
): string {
  const value = recordedValue(dataSource, plan, alias, column);
  const emptied = plan.emptied.get(column.databaseName);
  if (!emptied) return value;
  const isEmptied = `${alias}.rev_created < ${emptied.at}${later ? ` AND ${later} >= ${emptied.at}` : ''}`;
  const left = dialectOf(dataSource).types.constant(emptied.value, column.copy);
  return `(CASE WHEN ${isEmptied} THEN ${left} ELSE ${value} END)`;
}

/** Condition: the revision under an alias doesn't tell the column's value, and neither does a default; undefined if each does. */
export function isBlind(plan: AuditPlan, alias: string, { databaseName }: PlanColumn): string | undefined {
  const blind = plan.gaps.get(databaseName)?.blind ?? [];
  return blind.length > 0 ? isOfShape(alias, blind) : undefined;
}

/** Condition: the writer of the revision under an alias didn't know the column; undefined if each did. */
export function lacksColumn(
  plan: AuditPlan,
  alias: string,
  { databaseName }: PlanColumn,
): string | undefined {
  const gap = plan.gaps.get(databaseName);
  return gap && isOfShape(alias, [...gap.assumed, ...gap.blind]);
}

function isOfShape(alias: string, shapes: readonly number[]): string {
  return `(coalesce(${alias}.rev_shape, 0) IN (${shapes.join(', ')}))`;
}
