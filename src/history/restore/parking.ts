import { type PlanColumn } from '../../audited/audit-plan.js';
import { foreignKeysOf, foreignKeysTo } from '../../audited/foreign-keys.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { inSavepoint } from '../../dialect/sessions/savepoint.js';
import { freeValues, isOrdered } from './free-values.js';
import { type RestoreQuery, type RestoreSql, type RowToRestore } from './restore-sql.js';
import { type UniqueKey } from './unique-keys.js';
import { type HistoryWrite } from './write-transaction.js';

/** A temporary value for one column of a row. */
interface Parking {
  readonly column: PlanColumn;
  readonly value: unknown;
}

/**
 * Gives a row a temporary value in a column of a unique key, so that another row can take the present one. Before the
 * transaction ends, the row gets its own value or is removed. No other session sees the temporary value, so it is not
 * recorded.
 *
 * @param columns the columns that the undo writes again later
 * @returns whether the database accepted one of the candidate values
 */
export async function park(
  { queryRunner }: HistoryWrite,
  sql: RestoreSql,
  query: RestoreQuery,
  row: RowToRestore,
  unique: UniqueKey,
  columns: readonly PlanColumn[],
): Promise<boolean> {
  for await (const { column, value } of parkings(sql, query, row, unique, columns)) {
    const text = sql.setTo(value === null ? 'NULL' : sql.dialect.keys.value('{{parked}}', column.source), [
      column,
    ]);
    try {
      await inSavepoint(queryRunner, false, () => query(text, [row], { parked: value }));
      return true;
    } catch (error) {
      // A CHECK or the column's range refused this value. The next one may pass.
      if (!sql.dialect.run.refusal(error)) throw error;
    }
  }
  return false;
}

async function* parkings(
  sql: RestoreSql,
  query: RestoreQuery,
  row: RowToRestore,
  unique: UniqueKey,
  columns: readonly PlanColumn[],
): AsyncGenerator<Parking> {
  // Foreign keys with ON UPDATE CASCADE would change the referring rows too.
  const referred = foreignKeysTo(sql.dataSource, sql.plan.metadata).flatMap(
    ({ referencedColumns }) => referencedColumns,
  );
  const free = unique.columns.filter(
    (column) =>
      columns.includes(column) &&
      !column.source.isVersion &&
      !column.source.isArray &&
      !referred.some(({ databaseName }) => databaseName === column.databaseName),
  );
  const foreignKeys = foreignKeysOf(sql.plan);
  const referring = (column: PlanColumn) =>
    foreignKeys.filter((key) => key.columns.some(({ databaseName }) => databaseName === column.databaseName));
  for (const column of free) if (column.source.isNullable) yield { column, value: null };
  for (const column of free)
    if (referring(column).length === 0)
      for (const value of await unusedValues(sql, query, row, column)) yield { column, value };
  for (const column of free) {
    const [key, ...others] = referring(column);
    if (!key || others.length > 0 || key.columns.length > 1) continue;
    const parents = tableName(sql.dataSource, key.referencedEntityMetadata);
    for (const value of await unusedParents(
      sql,
      query,
      row,
      unique,
      column,
      parents,
      key.referencedColumns[0],
    ))
      yield { column, value };
  }
}

async function unusedValues(
  sql: RestoreSql,
  query: RestoreQuery,
  row: RowToRestore,
  column: PlanColumn,
): Promise<unknown[]> {
  const { source } = column;
  const type = sql.dataSource.driver.normalizeType(source);
  const room = { type, length: source.length, enum: source.enum };
  // Types without an order have no min() and max().
  if (!isOrdered(room)) {
    const [{ present }] = await query(
      `SELECT ${sql.dialect.keys.read(`t.${sql.column(column)}`, source)} AS present FROM ${sql.present}`,
      [row],
    );
    return freeValues(room, null, null).filter((value) => value !== present);
  }
  const end = (which: string): string => sql.dialect.keys.read(`${which}(o.${sql.column(column)})`, source);
  const [ends] = await query(`SELECT ${end('min')} AS least, ${end('max')} AS greatest FROM ${sql.table} o`, [
    row,
  ]);
  const text = (value: unknown): string | null =>
    typeof value === 'number' ? String(value) : (value as string | null);
  return freeValues(room, text(ends.least), text(ends.greatest));
}

/**
 * Parents that the foreign key could refer to for a moment. Among the rows that share the other values of the unique
 * key, none refers to them.
 */
async function unusedParents(
  sql: RestoreSql,
  query: RestoreQuery,
  row: RowToRestore,
  { columns }: UniqueKey,
  column: PlanColumn,
  parents: string,
  referenced: { databaseName: string },
): Promise<unknown[]> {
  const isSame = columns
    .filter((other) => other !== column)
    .map((other) => ` AND o.${sql.column(other)} = t.${sql.column(other)}`)
    .join('');
  const parent = `f.${sql.column(referenced)}`;
  const found = await query(
    `SELECT ${sql.dialect.keys.read(parent, column.source)} AS parent FROM ${sql.present} CROSS JOIN ${parents} f ` +
      `WHERE NOT EXISTS (SELECT 1 FROM ${sql.table} o WHERE o.${sql.column(column)} = ${parent}${isSame}) ${sql.dialect.sql.limit(3)}`,
    [row],
  );
  return found.map(({ parent: key }) => key as unknown);
}
