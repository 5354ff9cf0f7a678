import { type DataSource } from 'typeorm';
import { enumTransformers } from './enum-transformers.js';
import { quoted } from './quoted.js';
import { isNumeric } from './type-names.js';
import { type Types } from './types.js';

export function sqliteTypes({ driver }: DataSource): Types {
  return {
    own: {
      uuid: { type: 'varchar', length: 36 },
      json: { type: 'simple-json' },
      text: { type: 'varchar' },
    },

    copyOptions: (column) =>
      driver.normalizeType(column) === 'varchar' && column.enum
        ? { type: 'varchar', array: false, transformer: enumTransformers(column, true) }
        : {},
    toCopy: (expression) => expression,
    fromCopy: (expression) => expression,

    differ: (columns, left, right) =>
      columns.map((column) => `${left(column)} IS NOT ${right(column)} COLLATE BINARY`).join(' OR '),
    sameText: (expression, parameter) => `${expression} = ${parameter}`,
    // An expression has no affinity, so a number that is given as text stays text.
    equalsValue: (expression, parameter, column) =>
      isNumeric(driver.normalizeType(column))
        ? `${expression} = CAST(${parameter} AS NUMERIC)`
        : `${expression} = ${parameter} COLLATE BINARY`,
    hidesJsonNull: () => false,

    value: (parameter) => parameter,
    nullOf: () => 'NULL',
    constant: (value) => (typeof value === 'boolean' ? String(Number(value)) : quoted(value)),
    // Types limit nothing.
    narrowed: (expression) => expression,
    numberedUuid: (prefix, start, n) => `${prefix} || printf('%010x', ${start} + ${n})`,
    uuidText: (expression) => expression,
  };
}
