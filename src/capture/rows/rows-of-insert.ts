import { type EntityMetadata, type ObjectLiteral, type QueryResult, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { AuditError } from '../../audit.errors.js';
import { type Key } from '../../dialect/keys/key.js';
import { driverValue } from '../../dialect/types/driver-value.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { type RowReader } from './row-reader.js';
import { uniqueKeys } from '../../dialect/keys/key-text.js';

const ROWS_PER_SELECT = 500;

/** Whether `keysOfInsert()` can find the rows of an insert. */
export function tellsKeysOfInsert(
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
  numbered = numberColumnOf(table),
): boolean {
  const rows = rowsOfValues(expressionMap);
  if (!rows) return false;
  const missing = rows.filter((row) => !hasKey(table, row));
  return (
    isNumbered(table, rows, expressionMap, numbered) ||
    missing.every((row) => uniquesIn(table, row).length > 0)
  );
}

/** @throws AuditError where `keysOfInsert()` can't find the rows of an insert */
export function assertTellsKeys(
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
  numbered?: ColumnMetadata,
): void {
  if (!tellsKeysOfInsert(table, expressionMap, numbered)) throw untold(table, expressionMap);
}

function untold({ name }: EntityMetadata, expressionMap: QueryExpressionMap): AuditError {
  return new AuditError(
    `${rowsOfValues(expressionMap) ? 'This insert' : 'INSERT … SELECT'} into ${name} can't be recorded, because this ` +
      `database doesn't tell which rows it writes. Give the rows their primary keys, or save() those without keys apart.`,
  );
}

/** The key column that the database numbers, from the metadata or, if that leaves keys unknown, from the catalogue. */
export async function numberColumnOfInsert(
  { keys }: RowReader,
  queryRunner: QueryRunner,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
): Promise<ColumnMetadata | undefined> {
  if (tellsKeysOfInsert(table, expressionMap)) return numberColumnOf(table);
  return keys.numberColumn(queryRunner, table);
}

/** Whether an insert has keys that neither its values nor TypeORM's metadata tell. */
export function lacksKeys({ primaryColumns }: EntityMetadata, expressionMap: QueryExpressionMap): boolean {
  const columns = primaryColumns.filter((column) => !column.isGenerated);
  return (rowsOfValues(expressionMap) ?? []).some((row) => columns.some((column) => !isGiven(column, row)));
}

/**
 * The keys of the rows that an insert wrote, for databases that didn't return them.
 *
 * Given keys are known. Generated keys count up from the statement's insert id, or are read from the rows with the
 * insert's unique values. Keys of rows that the insert didn't touch do no harm.
 */
export async function keysOfInsert(
  reader: RowReader,
  queryRunner: QueryRunner,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
  result: QueryResult,
  numbered: ColumnMetadata | undefined,
): Promise<Key[]> {
  const rows = rowsOfValues(expressionMap) ?? [];
  if (isNumbered(table, rows, expressionMap, numbered)) {
    const first = BigInt((result.raw as { insertId: number | string }).insertId);
    // Insert id 0: a trigger has set another key.
    if (first === 0n) throw untold(table, expressionMap);
    const step = rows.length > 1 ? await reader.dialect.keys.numberingStep!(queryRunner) : 1;
    return rows.map((row, n) => keyIn(reader, table, row, String(first + BigInt(n * step))));
  }
  // An upsert may have found a row with another key than the given one.
  const sought = expressionMap.onUpdate ? rows : rows.filter((row) => !hasKey(table, row));
  return uniqueKeys([
    ...keysOfValues(reader, table, rows),
    ...(await keysByUniques(reader, queryRunner, table, sought)),
  ]);
}

/** The keys of the rows that an upsert may find. Some of the rows may not exist. */
export async function keysOfConflicts(
  reader: RowReader,
  queryRunner: QueryRunner,
  table: EntityMetadata,
  expressionMap: QueryExpressionMap,
): Promise<Key[]> {
  const rows = rowsOfValues(expressionMap) ?? [];
  const given = await reader.keys.existing(queryRunner, table, keysOfValues(reader, table, rows));
  return uniqueKeys([...given, ...(await keysByUniques(reader, queryRunner, table, rows))]);
}

/** The rows that an insert is given; undefined for INSERT … SELECT. */
export function rowsOfValues({
  valuesSet,
  insertFromSelect,
}: QueryExpressionMap & { insertFromSelect?: unknown }): ObjectLiteral[] | undefined {
  if (insertFromSelect) return undefined;
  return Array.isArray(valuesSet) ? valuesSet : [valuesSet ?? {}];
}

/** Whether all rows are new, and the database numbers every one. */
export function isNumbered(
  { primaryColumns }: EntityMetadata,
  rows: readonly ObjectLiteral[],
  { onUpdate, onIgnore }: QueryExpressionMap,
  numbered: ColumnMetadata | undefined,
): boolean {
  return (
    !!numbered &&
    !onUpdate &&
    !onIgnore &&
    rows.every((row) => primaryColumns.every((column) => isGiven(column, row) !== (column === numbered)))
  );
}

/** The key column with the generation strategy `increment`. */
export function numberColumnOf({ primaryColumns }: EntityMetadata): ColumnMetadata | undefined {
  return primaryColumns.find((column) => column.isGenerated && column.generationStrategy === 'increment');
}

function hasKey({ primaryColumns }: EntityMetadata, row: ObjectLiteral): boolean {
  return primaryColumns.every((column) => isGiven(column, row));
}

function isGiven(column: ColumnMetadata, row: ObjectLiteral): boolean {
  const value: unknown = column.getEntityValue(row);
  return value !== undefined && value !== null && typeof value !== 'function';
}

/** @param insertId the value of the numbered column, if the row doesn't give one */
function keyIn(
  { dataSource }: RowReader,
  { primaryColumns }: EntityMetadata,
  row: ObjectLiteral,
  insertId?: string,
): Key {
  return primaryColumns.map((column): unknown =>
    isGiven(column, row) ? driverValue(dataSource, column, column.getEntityValue(row)) : insertId,
  );
}

function keysOfValues(reader: RowReader, table: EntityMetadata, rows: readonly ObjectLiteral[]): Key[] {
  return rows.filter((row) => hasKey(table, row)).map((row) => keyIn(reader, table, row));
}

/** The keys of the rows that share a unique key with the given rows. Skips rows without a complete unique key. */
async function keysByUniques(
  reader: RowReader,
  queryRunner: QueryRunner,
  table: EntityMetadata,
  rows: readonly ObjectLiteral[],
): Promise<Key[]> {
  const { driver } = reader.dataSource;
  const found: Key[] = [];
  for (let at = 0; at < rows.length; at += ROWS_PER_SELECT) {
    const values: unknown[] = [];
    const isValue = (column: ColumnMetadata, row: ObjectLiteral): string => {
      const n = values.push(driverValue(reader.dataSource, column, column.getEntityValue(row)));
      return `${driver.escape(column.databaseName)} = ${reader.dialect.run.placeholder(n)}`;
    };
    const conditions = rows
      .slice(at, at + ROWS_PER_SELECT)
      .flatMap((row) =>
        uniquesIn(table, row).map((columns) => columns.map((column) => isValue(column, row)).join(' AND ')),
      );
    if (conditions.length === 0) continue;
    const select = `SELECT ${reader.keys.expressions(table)} FROM ${tableName(reader.dataSource, table)} WHERE ${conditions.join(' OR ')}`;
    found.push(
      ...reader.keys.keysIn(table, (await queryRunner.query(select, values)) as Record<string, unknown>[]),
    );
  }
  return found;
}

/** The unique keys whose columns a row gives completely. */
function uniquesIn({ indices, uniques }: EntityMetadata, row: ObjectLiteral): ColumnMetadata[][] {
  return [...indices.filter((index) => index.isUnique), ...uniques]
    .map(({ columns }) => columns)
    .filter((columns) => columns.every((column) => isGiven(column, row)));
}
