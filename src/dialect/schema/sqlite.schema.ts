import { type DataSource } from 'typeorm';
import { IF_EXISTS, IF_NOT_EXISTS } from '../../typeorm/tolerant-query.js';
import { type Catalogue } from '../catalogue/catalogue.js';
import { tableName } from '../catalogue/table-name.js';
import { quoted } from '../types/quoted.js';
import { type ColumnPlace, inSchemaOf, type Schema } from './schema.js';
import { ifThere, unlessThere } from './tolerant.js';

/**
 * SQLite changes a column's type only by rebuilding the table, which TypeORM does with the columns that it knows. So
 * the tables of this library are never rebuilt, and a type of another affinity is a new column.
 */
export function sqliteSchema(dataSource: DataSource, catalogue: Catalogue): Schema {
  const escape = (name: string): string => dataSource.driver.escape(name);
  const alter = (place: ColumnPlace, change: string): string =>
    `ALTER TABLE ${tableName(dataSource, place)} ${change}`;
  const add = (place: ColumnPlace, type: string): string =>
    alter(place, `ADD COLUMN ${escape(place.column)} ${type} ${IF_NOT_EXISTS}`);
  const rename = (place: ColumnPlace, to: string): string =>
    alter(place, `RENAME COLUMN ${escape(place.column)} TO ${escape(to)}`);
  const drop = (place: ColumnPlace): string =>
    alter(place, `DROP COLUMN ${escape(place.column)} ${IF_EXISTS}`);
  return {
    columnType: (column) => catalogue.neededType(column),
    addColumn: (place, type) => [add(place, type)],
    renameColumn: (place, to) => [rename(place, to)],
    dropColumn: (place) => [drop(place)],
    // NOT NULL can't be taken from a column. So the values go to another column, which takes its name.
    allowNull: (place, type, free) => [
      add({ ...place, column: free }, type),
      `UPDATE ${tableName(dataSource, place)} SET ${escape(free)} = ${escape(place.column)}`,
      drop(place),
      rename({ ...place, column: free }, place.column),
    ],
    createTable: unlessThere,
    createIndex: (_table, _name, statement) => [unlessThere(statement)],
    dropIndex: (_table, _name, statement) => [ifThere(statement)],
    moveTable: (from, to) => [
      `ALTER TABLE ${tableName(dataSource, from)} RENAME TO ${escape(to.tablePath.split('.').at(-1)!)}`,
    ],
    renameIndex: (table, from, _to, create) => [
      `DROP INDEX ${tableName(dataSource, inSchemaOf(table, from))}`,
      ...create,
    ],
    text: quoted,
    now: `(julianday('now') - 2440587.5) * 86400`,
  };
}
