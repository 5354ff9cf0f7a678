import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type MysqlServer } from '../sessions/mysql.server.js';
import { enumTransformers } from './enum-transformers.js';
import { ANY_TEXT, mysqlTexts } from './mysql.texts.js';
import { isInteger } from './type-names.js';
import { type Types } from './types.js';

const NUMERIC = /int|^dec|^double|^float|^numeric|^fixed|^real|^bool|^bit|^year|^date|^time/;
const TEXT = /char|text|^enum|^set/;

// Compared with text, a number becomes a double, and a time becomes text. A cast keeps both exact.
const EXACT: readonly (readonly [RegExp, string])[] = [
  [/int/, 'DECIMAL(65, 0)'],
  [/^(dec|numeric|fixed)/, 'DECIMAL(65, 30)'],
  [/^(datetime|timestamp)/, 'DATETIME(6)'],
  [/^date/, 'DATE'],
  [/^time/, 'TIME(6)'],
];

export function mysqlTypes(dataSource: DataSource, server: MysqlServer): Types {
  const typeOf = (column: ColumnMetadata): string => dataSource.driver.normalizeType(column);
  return {
    own: {
      // MariaDB from 10.7 has the type uuid. For other servers TypeORM would make it a varchar(255).
      uuid:
        dataSource.driver.normalizeType({ type: 'uuid' }) === 'uuid'
          ? { type: 'uuid' }
          : { type: 'varchar', length: 36 },
      json: { type: 'json' },
      // The schema's character set must not limit the characters of actor and reason.
      text: { type: 'varchar', charset: ANY_TEXT },
    },
    texts: mysqlTexts(dataSource),

    copyOptions: (column) => {
      if (typeOf(column) === 'enum') return { type: 'varchar', transformer: enumTransformers(column) };
      // A text that TypeORM splits at commas, as it does for a set.
      if (column.type === 'set') return { type: 'simple-array' };
      // TypeORM makes the column this short only if it generates the value.
      if (column.type === 'uuid' && typeOf(column) !== 'uuid' && column.generationStrategy === 'uuid')
        return { length: column.length || 36 };
      return {};
    },
    toCopy: (expression) => expression,
    fromCopy: (expression) => expression,

    differ: (columns, left, right) =>
      `NOT (${columns
        .map((column) => {
          const comparable = comparableAs(typeOf(column));
          return `${comparable(left(column))} <=> ${comparable(right(column))}`;
        })
        .join(' AND ')})`,
    sameText: (expression, parameter) => `${bytesOf(expression)} = ${bytesOf(parameter)}`,
    equalsValue: (expression, parameter, column) => {
      const type = typeOf(column);
      if (TEXT.test(type)) return `${bytesOf(expression)} = ${bytesOf(parameter)}`;
      const exact = EXACT.find(([pattern]) => pattern.test(type))?.[1];
      return `${expression} = ${exact ? `CAST(${parameter} AS ${exact})` : parameter}`;
    },
    // MariaDB stores JSON as text, but tells the driver that it is JSON, so the driver parses it.
    hidesJsonNull: (column) => typeOf(column) === 'json',

    // A text may be sent as bytes. And MySQL gives a prepared parameter the column's character set at prepare time.
    value: (parameter, type) => (type === 'text' ? `CONVERT(${parameter} USING ${ANY_TEXT})` : parameter),
    nullOf: () => 'NULL',
    constant: (value, column) => {
      if (value === null) return 'NULL';
      const type = typeOf(column);
      const isNumber = Number.isFinite(Number(value)) && value !== '';
      // An integer in SQL is a bigint, which the driver gives as text. CAST knows no smaller type.
      if (isNumber && isInteger(type) && type !== 'bigint')
        return `(SELECT v FROM JSON_TABLE('[${Number(value)}]', '$[*]' COLUMNS (v ${type} PATH '$')) j)`;
      if (typeof value === 'boolean') return String(Number(value));
      if (isNumber && /^(dec|numeric|fixed)/.test(type))
        return `CAST(${value} AS DECIMAL(${column.precision ?? 10}, ${column.scale ?? 0}))`;
      if (isNumber && NUMERIC.test(type) && !/^(date|time)/.test(type)) return String(value);
      // In hexadecimal, because the meaning of a backslash depends on the session.
      const hex = Buffer.from(String(value)).toString('hex');
      const text = `CONVERT(${hex === '' ? "''" : `0x${hex}`} USING ${ANY_TEXT})`;
      if (/^(datetime|timestamp)/.test(type)) return `CAST(${text} AS DATETIME(${column.precision ?? 0}))`;
      if (/^time/.test(type)) return `CAST(${text} AS TIME(${column.precision ?? 0}))`;
      // MySQL writes JSON in its own order. MariaDB keeps the text.
      if (type === 'json' && !server.isMariadb) return `CAST(${text} AS JSON)`;
      return /^date/.test(type) ? `CAST(${text} AS DATE)` : text;
    },
    narrowed: (expression, column) => {
      const type = typeOf(column);
      if (/^(dec|numeric|fixed)/.test(type)) return `ROUND(${expression}, ${column.scale ?? 0})`;
      if (/char/.test(type) && column.length) return `LEFT(${expression}, ${column.length})`;
      if (/^(datetime|timestamp)/.test(type))
        return `CAST(${expression} AS DATETIME(${column.precision ?? 0}))`;
      return expression;
    },
    numberedUuid: (prefix, start, n) => `concat(${prefix}, lpad(lower(hex(${start} + ${n})), 10, '0'))`,
    uuidText: (expression) => `lower(${expression})`,
  };
}

/**
 * How values of a type are compared. BINARY compares bytes: a comparison by the collation may ignore case and trailing
 * blanks. A text is converted first, because a migration may have changed the character set of one of the tables.
 */
function comparableAs(type: string): (expression: string) => string {
  if (NUMERIC.test(type)) return (expression) => expression;
  return TEXT.test(type)
    ? (expression) => `BINARY CONVERT(${expression} USING ${ANY_TEXT})`
    : (expression) => `BINARY ${expression}`;
}

// Converts to one character set first, because the table's may differ from the connection's.
function bytesOf(text: string): string {
  return `CAST(CONVERT(${text} USING utf8mb4) AS BINARY)`;
}
