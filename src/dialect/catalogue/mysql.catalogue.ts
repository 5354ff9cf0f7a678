import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ActualColumn, type Catalogue } from './catalogue.js';
import { type Capacity, columnType, decimal, float, integer, type Widenings } from './column-type.js';
import { INNODB_COLUMNS, tooManyBytes, tooManyColumns, type TypedColumn } from './row-limits.js';
import { placeByParsing } from './table-place.js';

const COLUMNS =
  'SELECT TABLE_SCHEMA AS inSchema, TABLE_NAME AS inTable, COLUMN_NAME AS name, COLUMN_TYPE AS type, DATABASE() AS current, ' +
  `IS_NULLABLE = 'YES' AS nullable, IS_NULLABLE = 'YES' OR COLUMN_DEFAULT IS NOT NULL OR EXTRA <> '' AS optional ` +
  'FROM information_schema.COLUMNS WHERE ';

/** The most bytes of one character. */
const MOST_BYTES = 4;
const LONGEST_ROW = 65_535;

const WIDENINGS: Widenings = {
  number: ['float'],
  character: ['text'],
  date: ['datetime'],
  year: ['number'],
  bytes: ['blob'],
  json: ['text'],
  uuid: ['text'],
};

export function mysqlCatalogue(dataSource: DataSource): Catalogue {
  const { driver } = dataSource;
  const neededType = (column: ColumnMetadata): string => {
    const type = driver.createFullType({ ...column, type: driver.normalizeType(column) } as never);
    return column.unsigned ? `${type} unsigned` : type;
  };
  const typed = (columns: readonly ColumnMetadata[]): TypedColumn[] =>
    columns.map((column) => [column, columnType(neededType(column))]);
  return {
    read: async (queryRunner, paths) => {
      const tables = paths.map((path) => path.split('.').reverse() as [table: string, schema?: string]);
      const schemas = [...new Set(tables.map(([, schema]) => schema))];
      const within = schemas.map((schema) =>
        tables.filter((table) => table[1] === schema).map(([table]) => table),
      );
      const conditions = schemas.map(
        (schema, n) =>
          `TABLE_SCHEMA = ${schema === undefined ? 'DATABASE()' : '?'} AND TABLE_NAME IN (${within[n].map(() => '?').join(', ')})`,
      );
      const values = schemas.flatMap((schema, n) => [
        ...(schema === undefined ? [] : [schema]),
        ...within[n],
      ]);
      const rows = (await queryRunner.query(COLUMNS + conditions.join(' OR '), values)) as Row[];
      // The server may store table names in lower case.
      const exact = new Map<string, ActualColumn[]>();
      const lower = new Map<string, ActualColumn[]>();
      for (const { inSchema, inTable, current, name, type, nullable, optional } of rows) {
        const column = { name, type, isNullable: Number(nullable) === 1, isOptional: Number(optional) === 1 };
        const names = inSchema === current ? [inTable, `${inSchema}.${inTable}`] : [`${inSchema}.${inTable}`];
        for (const path of names) {
          exact.set(path, [...(exact.get(path) ?? []), column]);
          lower.set(path.toLowerCase(), [...(lower.get(path.toLowerCase()) ?? []), column]);
        }
      }
      return paths.map((path) => exact.get(path) ?? lower.get(path.toLowerCase()) ?? []);
    },
    neededType,
    capacityOf,
    widenings: WIDENINGS,
    hasCase: false,
    tablePlace: (target) => placeByParsing(dataSource, target),
    tooWide: (audited, revision) =>
      tooManyColumns(revision.length, INNODB_COLUMNS) ?? tooManyBytes(typed(audited), typed(revision)),
  };
}

interface Row {
  inSchema: string;
  inTable: string;
  current: string;
  name: string;
  type: string;
  nullable: string | number;
  optional: string | number;
}

function capacityOf(type: string): Capacity | undefined {
  const { name, args } = columnType(type);
  const [base, ...rest] = name.split(' ');
  return CAPACITIES[base]?.(args, rest.includes('unsigned'));
}

type CapacityOf = (args: readonly number[], isUnsigned: boolean) => Capacity;

const ofBits =
  (bits: number): CapacityOf =>
  (_, isUnsigned) =>
    integer(bits, isUnsigned);
const ofDecimal: CapacityOf = ([precision = 10, scale = 0], isUnsigned) =>
  decimal(precision, scale, isUnsigned);
const precise =
  (kind: string): CapacityOf =>
  ([precision = 0]) => ({ kind, sizes: [precision] });
const exact =
  (kind: string): CapacityOf =>
  () => ({ kind, sizes: [] });
// For types declared in bytes we know bytes only. For types declared in characters (ofLength) we know both.
const ofBytes =
  (kind: string, bytes: number): CapacityOf =>
  () => ({ kind, sizes: [bytes, bytes] });
const ofLength =
  (kind: string, unit: number): CapacityOf =>
  ([length = 1]) => ({ kind, sizes: [length, Math.min(length * unit, LONGEST_ROW)] });

const CAPACITIES: Readonly<Record<string, CapacityOf>> = {
  tinyint: ofBits(8),
  smallint: ofBits(16),
  mediumint: ofBits(24),
  int: ofBits(32),
  integer: ofBits(32),
  bigint: ofBits(64),
  decimal: ofDecimal,
  float: () => float(24),
  double: () => float(53),
  varchar: ofLength('text', MOST_BYTES),
  tinytext: ofBytes('text', 255),
  text: ofBytes('text', 65_535),
  mediumtext: ofBytes('text', 2 ** 24 - 1),
  longtext: ofBytes('text', 2 ** 32 - 1),
  char: ofLength('character', MOST_BYTES),
  binary: ofLength('bytes', 1),
  varbinary: ofLength('blob', 1),
  tinyblob: ofBytes('blob', 255),
  blob: ofBytes('blob', 65_535),
  mediumblob: ofBytes('blob', 2 ** 24 - 1),
  longblob: ofBytes('blob', 2 ** 32 - 1),
  // MariaDB's JSON is a longtext, and its uuid a varchar(36) in versions before 10.7.
  json: ofBytes('json', 2 ** 32 - 1),
  uuid: ofBytes('uuid', 36),
  date: exact('date'),
  year: exact('year'),
  datetime: precise('datetime'),
  timestamp: precise('timestamp'),
  time: precise('time'),
};
