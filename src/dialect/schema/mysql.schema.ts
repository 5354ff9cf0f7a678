import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Catalogue } from '../catalogue/catalogue.js';
import { tableName } from '../catalogue/table-name.js';
import { type MysqlServer } from '../sessions/mysql.server.js';
import { type ColumnPlace, type Schema, type TablePath } from './schema.js';
import { ifThere } from './tolerant.js';

/** MariaDB has IF NOT EXISTS. On MySQL a prepared statement looks into the catalogue first. */
export function mysqlSchema(dataSource: DataSource, catalogue: Catalogue, server: MysqlServer): Schema {
  const escape = (name: string): string => dataSource.driver.escape(name);
  const alter = (place: ColumnPlace, change: string): string =>
    `ALTER TABLE ${tableName(dataSource, place)} ${change}`;
  return {
    columnType,
    addColumn: (place, type) => {
      const column = `${escape(place.column)} ${type} NULL`;
      return server.isMariadb
        ? [alter(place, `ADD COLUMN IF NOT EXISTS ${column}`)]
        : onlyIf(`NOT ${columnIsThere(place)}`, alter(place, `ADD COLUMN ${column}`));
    },
    renameColumn: (place, to) => [alter(place, `RENAME COLUMN ${escape(place.column)} TO ${escape(to)}`)],
    dropColumn: (place) =>
      server.isMariadb
        ? [alter(place, `DROP COLUMN IF EXISTS ${escape(place.column)}`)]
        : onlyIf(columnIsThere(place), alter(place, `DROP COLUMN ${escape(place.column)}`)),
    widenColumn: (place, type, isNullable) => [
      alter(place, `MODIFY ${escape(place.column)} ${type} ${isNullable ? 'NULL' : 'NOT NULL'}`),
    ],
    allowNull: (place, type) => [alter(place, `MODIFY ${escape(place.column)} ${type} NULL`)],
    // With the indices in it.
    createTable: (statement) => statement.replace(/^CREATE TABLE /, '$&IF NOT EXISTS '),
    createIndex: (table, name, statement) =>
      server.isMariadb
        ? [statement.replace(/^CREATE (\w+ )?INDEX /, '$&IF NOT EXISTS ')]
        : onlyIf(`NOT ${indexIsThere(table, name)}`, statement),
    dropIndex: (table, name, statement) =>
      server.isMariadb ? [ifThere(statement)] : onlyIf(indexIsThere(table, name), statement),
    moveTable: (from, to) => [
      `ALTER TABLE ${tableName(dataSource, from)} RENAME TO ${tableName(dataSource, to)}`,
    ],
    renameIndex: (table, from, to) => [
      `ALTER TABLE ${tableName(dataSource, table)} RENAME INDEX ${escape(from)} TO ${escape(to)}`,
    ],
    text: literal,
    now: 'unix_timestamp(now(6))',
  };

  function columnType(column: ColumnMetadata): string {
    const { zerofill } = column as ColumnMetadata & { zerofill?: boolean };
    const charset = column.charset ? ` CHARACTER SET ${column.charset}` : '';
    const collation = column.collation ? ` COLLATE ${column.collation}` : '';
    return catalogue.neededType(column) + (zerofill ? ' zerofill' : '') + charset + collation;
  }
}

function onlyIf(condition: string, statement: string): string[] {
  return [
    `SET @audit_change = IF(${condition}, ${literal(statement)}, 'DO 0')`,
    'PREPARE audit_change FROM @audit_change',
    'EXECUTE audit_change',
    'DEALLOCATE PREPARE audit_change',
  ];
}

function columnIsThere({ column, ...table }: ColumnPlace): string {
  return isThere('COLUMNS', table, `COLUMN_NAME = ${literal(column)}`);
}

function indexIsThere(table: TablePath, name: string): string {
  return isThere('STATISTICS', table, `INDEX_NAME = ${literal(name)}`);
}

function isThere(view: string, { tablePath }: TablePath, condition: string): string {
  const [table, schema] = tablePath.split('.').reverse();
  const place = `TABLE_SCHEMA = ${schema ? literal(schema) : 'DATABASE()'} AND TABLE_NAME = ${literal(table)}`;
  return `EXISTS (SELECT 1 FROM information_schema.${view} WHERE ${place} AND ${condition})`;
}

// With NO_BACKSLASH_ESCAPES a backslash in a literal is itself, else it escapes the next character.
function literal(value: string): string {
  const parts = value.split('\\').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts[0] : `concat(${parts.join(', char(92), ')})`;
}
