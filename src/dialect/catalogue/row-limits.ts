import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ColumnType } from './column-type.js';

/** The most columns of an InnoDB table. */
export const INNODB_COLUMNS = 1017;
// The limit of MySQL and MariaDB, without values stored off the row.
const ROW_BYTES = 65_535;

/** The most bytes of a character, for character sets with fewer than four. */
const CHARACTER_BYTES: readonly [RegExp, number][] = [
  [/^(latin|ascii|binary|cp|koi8|hebrew|greek|tis620|armscii|geostd|mac|hp8|dec8|swe7|keybcs2)/i, 1],
  [/^(ucs2|gbk|big5|sjis|gb2312|euckr)/i, 2],
  [/^(utf8(_|$)|utf8mb3|ujis|eucjpms)/i, 3],
];
const MOST_BYTES = 4;

const FIXED: Readonly<Record<string, number>> = {
  tinyint: 1,
  smallint: 2,
  mediumint: 3,
  int: 4,
  integer: 4,
  bigint: 8,
  float: 4,
  double: 8,
  date: 3,
  year: 1,
  enum: 2,
  set: 8,
  uuid: 16,
  tinytext: 9,
  tinyblob: 9,
  text: 10,
  blob: 10,
  mediumtext: 11,
  mediumblob: 11,
  longtext: 12,
  longblob: 12,
  json: 12,
};

/** A column and its type, in parts. */
export type TypedColumn = readonly [column: ColumnMetadata, type: ColumnType];

/** Why a table has too many columns; undefined if it doesn't. */
export function tooManyColumns(columns: number, most: number): string | undefined {
  return columns > most ? `${columns} columns, and ${most} fit` : undefined;
}

/**
 * Why a row of the revision table would be too long; undefined if it fits. The database's default character set is
 * unknown here. For columns without a character set we assume the widest one with which the audited table itself fits.
 */
export function tooManyBytes(
  audited: readonly TypedColumn[],
  revision: readonly TypedColumn[],
): string | undefined {
  const fits = (width: number): boolean => rowBytes(audited, width) <= ROW_BYTES;
  const width = [MOST_BYTES, 3, 2].find(fits) ?? 1;
  const bytes = rowBytes(revision, width);
  return bytes > ROW_BYTES ? `rows of ${bytes} bytes, and ${ROW_BYTES} fit` : undefined;
}

function rowBytes(columns: readonly TypedColumn[], width: number): number {
  const nullable = columns.filter(([{ isNullable }]) => isNullable).length;
  return columns.reduce((sum, column) => sum + columnBytes(column, width), Math.ceil(nullable / 8));
}

function columnBytes([column, { name, args }]: TypedColumn, width: number): number {
  const [base] = name.split(' ');
  const [size = 1, scale = 0] = args;
  const charset = column.charset ?? column.collation;
  const known = CHARACTER_BYTES.find(([pattern]) => charset && pattern.test(charset));
  const character = known ? known[1] : charset ? MOST_BYTES : width;
  switch (base) {
    case 'varchar':
      return withLength(size * character);
    case 'varbinary':
      return withLength(size);
    case 'char':
      return size * character;
    case 'binary':
      return size;
    case 'bit':
      return Math.ceil(size / 8);
    case 'decimal':
      return decimalBytes((args[0] ?? 10) - scale) + decimalBytes(scale);
    case 'datetime':
    case 'timestamp':
    case 'time':
      return (base === 'datetime' ? 5 : base === 'timestamp' ? 4 : 3) + Math.ceil((args[0] ?? 0) / 2);
    default:
      return FIXED[base] ?? 0;
  }
}

function withLength(bytes: number): number {
  return bytes + (bytes > 255 ? 2 : 1);
}

// Nine digits take four bytes.
function decimalBytes(digits: number): number {
  return Math.floor(digits / 9) * 4 + Math.ceil((digits % 9) / 2);
}
