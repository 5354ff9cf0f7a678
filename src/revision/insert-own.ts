import { type DataSource, type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { tableName } from '../dialect/catalogue/table-name.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { type ValueType } from '../dialect/types/types.js';

/** An INSERT as a template, and the values of its parameters. */
export interface OwnInsert {
  readonly template: string;
  readonly values: Record<string, unknown>;
}

const TYPES: Readonly<Record<string, ValueType>> = {
  uuid: 'uuid',
  'double precision': 'time',
  int: 'integer',
  smallint: 'integer',
  json: 'json',
  jsonb: 'json',
  'simple-json': 'json',
};

/**
 * The INSERT of rows into a table of the library beside the revision tables.
 *
 * @param rows by property, all with the same properties; JSON as text
 */
export function insertOwn(
  dataSource: DataSource,
  table: EntityMetadata,
  rows: readonly Readonly<Record<string, unknown>>[],
): OwnInsert {
  const { types } = dialectOf(dataSource);
  const columns = Object.keys(rows[0]).map((property) => table.findColumnWithPropertyName(property)!);
  const values: Record<string, unknown> = {};
  const parameter = (row: Readonly<Record<string, unknown>>, column: ColumnMetadata, n: number): string => {
    const name = `${column.propertyName}${n}`;
    values[name] = row[column.propertyName];
    return types.value(`{{${name}}}`, TYPES[String(column.type)] ?? 'text');
  };
  const lists = rows.map((row, n) => `(${columns.map((column) => parameter(row, column, n)).join(', ')})`);
  const names = columns.map(({ databaseName }) => dataSource.driver.escape(databaseName));
  return {
    template: `INSERT INTO ${tableName(dataSource, table)} (${names.join(', ')}) VALUES ${lists.join(', ')}`,
    values,
  };
}
