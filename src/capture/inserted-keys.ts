import {
  type EntityMetadata,
  type ObjectLiteral,
  type QueryResult,
  type QueryRunner,
} from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { AuditError } from '../audit.errors.js';
import { type Key } from '../dialect/dialect.js';
import { type Capture, tableOf } from './capture.js';

/**
 * The keys of the rows that an insert wrote where the database doesn't return them (MySQL).
 *
 * Given keys are known. A generated one is either in a row of its own, numbered from the statement's insert id, or
 * in the row that the insert's unique columns lead to. Keys of rows that an insert left alone do no harm.
 *
 * @throws AuditError where neither leads to the row
 */
export async function insertedKeys(
  capture: Capture,
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  { valuesSet, onUpdate, onIgnore, insertFromSelect }: QueryExpressionMap & { insertFromSelect?: unknown },
  result: QueryResult,
): Promise<Key[]> {
  const table = tableOf(metadata);
  if (insertFromSelect) throw unknown(table, 'INSERT … SELECT');
  const rows = [valuesSet ?? {}].flat() as ObjectLiteral[];
  const generated = table.primaryColumns.find((column) => column.isGenerated && column.generationStrategy === 'increment');
  const given = rows.map((row) => keyIn(capture, table, row, generated));
  const missing = rows.filter((_, n) => given[n] === undefined);
  const known = given.filter((key) => key !== undefined);
  if (missing.length === 0) return known;
  const { insertId } = result.raw as { insertId: number };
  if (missing.length === rows.length && !onUpdate && !onIgnore && generated)
    return rows.map((row, n) => keyIn(capture, table, row, generated, insertId + n)!);
  return [...known, ...(await keysByUniques(capture, queryRunner, table, missing))];
}

function keyIn(
  { dataSource }: Capture,
  { primaryColumns }: EntityMetadata,
  row: ObjectLiteral,
  generated: ColumnMetadata | undefined,
  insertId?: number,
): Key | undefined {
  const key = primaryColumns.map((column) => {
    const value: unknown = column.getEntityValue(row);
    if (typeof value === 'function') return undefined;
    if (value === undefined || value === null) return column === generated ? insertId : undefined;
    return dataSource.driver.preparePersistentValue(value, column) as unknown;
  });
  return key.includes(undefined) ? undefined : key;
}

async function keysByUniques(
  capture: Capture,
  queryRunner: QueryRunner,
  table: EntityMetadata,
  rows: readonly ObjectLiteral[],
): Promise<Key[]> {
  const { driver } = capture.dataSource;
  const uniques = [
    ...table.indices.filter((index) => index.isUnique).map((index) => index.columns),
    ...table.uniques.map((unique) => unique.columns),
  ];
  const values: unknown[] = [];
  const conditions = rows.map((row) => {
    const usable = uniques.filter((columns) =>
      columns.every((column) => !['undefined', 'function'].includes(typeof column.getEntityValue(row))),
    );
    if (usable.length === 0) throw unknown(table, 'this insert without its keys');
    return usable
      .map((columns) =>
        columns
          .map((column) => {
            values.push(driver.preparePersistentValue(column.getEntityValue(row), column));
            return `${driver.escape(column.databaseName)} = ?`;
          })
          .join(' AND '),
      )
      .join(' OR ');
  });
  const path = table.tablePath.split('.').map((name) => driver.escape(name)).join('.');
  const found = (await queryRunner.query(
    `SELECT ${capture.keys.expressions(table)} FROM ${path} WHERE ${conditions.join(' OR ')}`,
    values,
  )) as Record<string, unknown>[];
  return capture.keys.keysIn(table, found);
}

function unknown(table: EntityMetadata, what: string): AuditError {
  return new AuditError(
    `${what} into ${table.name} can't be recorded, because this database doesn't tell which rows it wrote. ` +
      `Give the rows their primary keys, or use save().`,
  );
}
