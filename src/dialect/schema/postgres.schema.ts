import { type DataSource } from 'typeorm';
import { type Catalogue } from '../catalogue/catalogue.js';
import { tableName } from '../catalogue/table-name.js';
import { quoted } from '../types/quoted.js';
import { type ColumnPlace, inSchemaOf, type Schema, type TablePath } from './schema.js';
import { ifThere, unlessThere } from './tolerant.js';

export function postgresSchema(dataSource: DataSource, catalogue: Catalogue): Schema {
  const escape = (name: string): string => dataSource.driver.escape(name);
  const alter = (place: ColumnPlace, change: string): string[] => [
    `ALTER TABLE ${tableName(dataSource, place)} ${change}`,
  ];
  return {
    columnType: (column) =>
      catalogue.neededType(column) + (column.collation ? ` COLLATE "${column.collation}"` : ''),
    addColumn: (place, type) => alter(place, `ADD COLUMN IF NOT EXISTS ${escape(place.column)} ${type}`),
    renameColumn: (place, to) => alter(place, `RENAME COLUMN ${escape(place.column)} TO ${escape(to)}`),
    dropColumn: (place) => alter(place, `DROP COLUMN IF EXISTS ${escape(place.column)}`),
    widenColumn: (place, type) => {
      const column = escape(place.column);
      const cast = type.replace(/ COLLATE .*$/, '');
      return alter(place, `ALTER COLUMN ${column} TYPE ${type} USING ${column}::${cast}`);
    },
    allowNull: (place) => alter(place, `ALTER COLUMN ${escape(place.column)} DROP NOT NULL`),
    createTable: unlessThere,
    createIndex: (_table, _name, statement) => [unlessThere(statement)],
    dropIndex: (_table, _name, statement) => [ifThere(statement)],
    moveTable,
    renameIndex: (table, from, to) => [
      `ALTER INDEX ${tableName(dataSource, inSchemaOf(table, from))} RENAME TO ${escape(to)}`,
    ],
    // The index has the constraint's name.
    renamePrimaryKey: (table, from, to) => [
      `ALTER INDEX IF EXISTS ${tableName(dataSource, inSchemaOf(table, from))} RENAME TO ${escape(to)}`,
    ],
    text: quoted,
    now: 'extract(epoch FROM clock_timestamp())',
  };
  function moveTable(from: TablePath, to: TablePath): string[] {
    const [before, after] = [from, to].map(({ tablePath }) => dataSource.driver.parseTableName(tablePath));
    const moved =
      before.schema === after.schema ? from : { tablePath: `${after.schema}.${before.tableName}` };
    return [
      ...(moved === from
        ? []
        : [`ALTER TABLE ${tableName(dataSource, from)} SET SCHEMA ${escape(after.schema!)}`]),
      ...(before.tableName === after.tableName
        ? []
        : [`ALTER TABLE ${tableName(dataSource, moved)} RENAME TO ${escape(after.tableName)}`]),
    ];
  }
}
