import { type Obstacle, valuesText } from './obstacle.js';
import { keyLabel } from '../arguments/key-of.js';
import { keyIn, keyList, type RestoreQuery, type RestoreSql, type RowToRestore } from './restore-sql.js';
import { type PlanColumn } from '../../audited/audit-plan.js';
import { type UniqueKey } from './unique-keys.js';

/** The obstacles of a unique key: the rows that hold the values that the row would get. */
export async function uniqueObstacles(
  sql: RestoreSql,
  query: RestoreQuery,
  row: RowToRestore,
  unique: UniqueKey,
): Promise<Obstacle[]> {
  const { plan } = sql;
  const columns = plan.metadata.primaryColumns;
  const holders = await query(
    `SELECT ${keyList(sql, columns, 'o')} FROM ${sql.origin} JOIN ${sql.table} o ON ${sql.isHolder(unique)}`,
    [row],
  );
  const values = await valuesAfter(sql, query, row, unique.columns);
  return holders.map((holder) => {
    const key = keyIn(holder, columns);
    return {
      problem: `${valuesText(values)} is taken by ${plan.metadata.name} ${keyLabel(key)}`,
      values,
      holder: { key, unique },
    };
  });
}

/** The values that the row would get in some columns, by property. A `select: false` column shows only that its value is hidden. */
export async function valuesAfter(
  sql: RestoreSql,
  query: RestoreQuery,
  row: RowToRestore,
  columns: readonly PlanColumn[],
): Promise<Record<string, unknown>> {
  if (columns.length === 0) return {};
  const [values] = await query(
    `SELECT ${columns.map(({ source }, n) => `${sql.after(source)} AS v${n}`).join(', ')} FROM ${sql.origin}`,
    [row],
  );
  const { driver } = sql.dataSource;
  return Object.fromEntries(
    columns.map(({ copy, propertyPath }, n) => [
      propertyPath,
      copy.isSelect ? (driver.prepareHydratedValue(values[`v${n}`], copy) as unknown) : HIDDEN,
    ]),
  );
}

const HIDDEN = '(hidden)';
