import { type EntityMetadata, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { type Key, type Keys } from '../../dialect/keys/key.js';
import { driverValue } from '../../dialect/types/driver-value.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { type RowReader } from './row-reader.js';

const ALIAS = 'audit_new_';
const FOUND = 'audit_found_';

interface LegacyDriver {
  escapeQueryWithParameters(
    sql: string,
    parameters: ObjectLiteral,
    nativeParameters: object,
  ): [string, any[]];
}

/** Rows that a statement is about to write. */
export interface RowsOfCriteria {
  readonly keys: readonly Key[];
  /** The keys after the statement; equal to `keys` if it doesn't change them. */
  readonly newKeys: readonly Key[];
}

/** Reads the keys of the rows that a builder's statement is about to write, by its own criteria, and locks the rows. */
export async function keysOfCriteria(
  reader: RowReader,
  builder: BuilderInternals,
  queryRunner: QueryRunner,
  table: EntityMetadata,
): Promise<Keys> {
  const packer = reader.keys.packer(table);
  if (!packer) return (await rowsOfCriteria(reader, builder, queryRunner, table)).keys;
  const select = packer.select(`(${lockingSelect(reader, builder, table)})`, reader.keys.names(table));
  return packer.take(await read(reader, builder, queryRunner, select));
}

/**
 * Like `keysOfCriteria()`, with the present and the future key of each row.
 *
 * @param rekeyed the primary columns that the statement sets, whose new values are read too
 */
export async function rowsOfCriteria(
  reader: RowReader,
  builder: BuilderInternals,
  queryRunner: QueryRunner,
  table: EntityMetadata,
  rekeyed: readonly ColumnMetadata[] = [],
): Promise<RowsOfCriteria> {
  const { expressions, parameters } = newKeyExpressions(reader, builder, rekeyed);
  const select = lockingSelect(reader, builder, table, expressions);
  const rows = await read(reader, builder, queryRunner, select, parameters);
  const keys = reader.keys.keysIn(table, rows);
  if (rekeyed.length === 0) return { keys, newKeys: keys };
  const isRekeyed = table.primaryColumns.map((column) => rekeyed.indexOf(column));
  const newKeys = keys.map((key, at) =>
    key.map((value, n) => (isRekeyed[n] === -1 ? value : rows[at][`${ALIAS}${isRekeyed[n]}`])),
  );
  return { keys, newKeys };
}

/** A SELECT of the rows that a builder's statement is about to write, which it locks, as the driver takes it. */
export function selectOfCriteria(
  reader: RowReader,
  builder: BuilderInternals,
  table: EntityMetadata,
): { readonly text: string; readonly values: readonly unknown[] } {
  const [text, values] = escaped(
    reader,
    lockingSelect(reader, builder, table, ['*'], ''),
    builder.getParameters(),
  );
  return { text, values };
}

// Takes the same locks as the write itself: no more rows, and on PostgreSQL no stronger lock mode.
function lockingSelect(
  { keys, dialect, dataSource }: RowReader,
  builder: BuilderInternals,
  table: EntityMetadata,
  expressions: readonly string[] = [],
  keyExpressions = keys.expressions(table),
): string {
  const order = `${builder.createOrderByExpression?.() ?? ''}${builder.createLimitExpression?.() ?? ''}`;
  const cte = builder.createCteExpression();
  const path = builder.getTableName(builder.getMainTableName());
  const where = builder.createWhereExpression();
  const select = `SELECT ${[keyExpressions, ...expressions].filter(Boolean).join(', ')} FROM `;
  const lock =
    builder.expressionMap.queryType === 'delete' ? dialect.locks.forUpdate() : dialect.locks.forNoKeyUpdate();
  const passesBy = cte === '' && order === '' ? dialect.locks.isReadCommitted : undefined;
  if (!passesBy)
    return builder.replacePropertyNamesForTheWholeQuery(`${cte}${select}${path}${where}${order}${lock}`);
  // At READ COMMITTED a write skips locked rows that don't match its criteria, but a locking SELECT waits for them.
  // So the first half of the UNION finds the rows without locks, then locks by key the rows that still match. At other
  // levels a snapshot may miss rows. There the second half, a locking SELECT, finds them and waits as the write would.
  const names = table.primaryColumns.map((column) => dataSource.driver.escape(column.databaseName));
  const found = `SELECT ${names.map((name, n) => `${name} AS ${FOUND}${n}`).join(', ')} FROM ${path}`;
  const isFound = names.map((name, n) => `${name} = k.${FOUND}${n}`).join(' AND ');
  return builder.replacePropertyNamesForTheWholeQuery(
    `(${select}(${found}${andWhere(where, passesBy)}) k ${dialect.sql.leadingJoin} ${path} ON ${isFound}${where}${lock}) ` +
      `UNION ALL (${select}${path}${andWhere(where, `NOT (${passesBy})`)}${lock})`,
  );
}

function andWhere(where: string, condition: string): string {
  const given = where.replace(/^\s*WHERE\s/, '');
  return ` WHERE ${condition}${given.trim() === '' ? '' : ` AND (${given})`}`;
}

async function read(
  reader: RowReader,
  builder: BuilderInternals,
  queryRunner: QueryRunner,
  select: string,
  parameters: ObjectLiteral = {},
): Promise<Record<string, unknown>[]> {
  const [text, values] = escaped(reader, select, { ...builder.getParameters(), ...parameters });
  return (await queryRunner.query(text, values)) as Record<string, unknown>[];
}

function escaped({ dataSource }: RowReader, select: string, parameters: ObjectLiteral): [string, any[]] {
  // TypeORM 0.3 demands the third argument, the native parameters.
  return (dataSource.driver as LegacyDriver).escapeQueryWithParameters(select, parameters, {});
}

/** The primary columns that an update changes. */
export function keysToChange(
  { primaryColumns }: EntityMetadata,
  { valuesSet }: QueryExpressionMap,
): ColumnMetadata[] {
  return primaryColumns.filter((column) => column.isUpdate && isGiven(column, valuesSet));
}

/** The database names of the columns that an update or upsert changes. */
export function columnsToChange(
  { columns }: EntityMetadata,
  { valuesSet, onUpdate }: QueryExpressionMap,
): Set<string> {
  if (onUpdate) return new Set([onUpdate.overwrite ?? [], onUpdate.columns ?? []].flat());
  return new Set(columns.filter((column) => isGiven(column, valuesSet)).map((column) => column.databaseName));
}

function isGiven(column: ColumnMetadata, values: unknown): boolean {
  return column.getEntityValue(values ?? {}) !== undefined;
}

function newKeyExpressions(
  { dialect, dataSource }: RowReader,
  { expressionMap }: BuilderInternals,
  rekeyed: readonly ColumnMetadata[],
): { expressions: string[]; parameters: ObjectLiteral } {
  const parameters: ObjectLiteral = {};
  const expressions = rekeyed.map((column, n) => {
    const value: unknown = column.getEntityValue(expressionMap.valuesSet as ObjectLiteral);
    if (typeof value !== 'function') parameters[`${ALIAS}${n}`] = driverValue(dataSource, column, value);
    const expression = typeof value === 'function' ? (value as () => string)() : `:${ALIAS}${n}`;
    return `${dialect.keys.read(expression, column)} AS ${ALIAS}${n}`;
  });
  return { expressions, parameters };
}
