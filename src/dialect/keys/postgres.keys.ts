import { type DataSource } from 'typeorm';
import { castType } from '../types/postgres.types.js';
import { type Keys } from './keys.js';
import { FEW_KEYS, takePacked } from './packed-rows.js';

const KEYS_PER_STATEMENT = 100_000;

/** Keys of many rows travel as an array for each column. */
export function postgresKeys(dataSource: DataSource): Keys {
  return {
    // As text, because a Date would cut microseconds off.
    read: (key) => `${key}::text`,
    value: (parameter, column) => `${parameter}::${castType(dataSource, column)}`,
    ordered: (expression) => expression,
    needsBounds: true,

    describe: (_, columns) =>
      Promise.resolve({ columns, types: columns.map((column) => castType(dataSource, column)) }),

    table: ({ types }) => ({
      sql:
        `unnest(${types.map((type, n) => `{{keys${n}}}::${type}[]`).join(', ')}) ` +
        `WITH ORDINALITY AS k(${types.map((_, n) => `k${n}`).join(', ')}, n)`,
      key: (n) => `k.k${n}`,
      ordinal: '(k.n - 1)',
      bind: (keys) => Object.fromEntries(types.map((_, n) => [`keys${n}`, keys.map((key) => key[n])])),
      limit: KEYS_PER_STATEMENT,
    }),

    packer: (columns) => {
      const parameters = columns.map((_, n) => `keys${n}`);
      return {
        select: (source, names, chunk = `(row_number() OVER () - 1) / ${KEYS_PER_STATEMENT}`) =>
          `SELECT audit_chunk, count(*) AS audit_count, ` +
          `CASE WHEN count(*) <= ${FEW_KEYS} THEN json_agg(json_build_array(${names.join(', ')}))::text END AS audit_few, ` +
          `${names.map((name, n) => `array_agg(${name})::text AS audit_keys${n}`).join(', ')} ` +
          `FROM (SELECT c.*, ${chunk} AS audit_chunk FROM ${source} c) d GROUP BY audit_chunk`,
        take: (rows) => takePacked(rows, parameters, 'audit_few'),
      };
    },

    returning: () => 'clause',
    returningClause: (_, keys) => ` RETURNING ${keys}`,
    forgetReturned: (_, kind, result) => {
      result.records = [];
      result.raw = kind === 'insert' ? [] : [[], result.affected];
      return Promise.resolve();
    },

    rowPlace: 'ctid::text',
    // OFFSET 0 keeps the subquery apart. A join would read the whole table if there are many places, or if the table
    // has one page.
    placedRows: (table) => ({
      sql:
        `unnest({{places}}::tid[]) WITH ORDINALITY AS k(place, n) ` +
        `CROSS JOIN LATERAL (SELECT * FROM ${table} c WHERE c.ctid = k.place OFFSET 0) t`,
      ordinal: '(k.n - 1)',
    }),

    overriding: ' OVERRIDING SYSTEM VALUE',
    advanceGenerator: (table, column, rows) =>
      `SELECT setval(s.name, s.greatest) FROM (SELECT max(t.${column}) AS greatest, pg_get_serial_sequence(` +
      `'${table.replaceAll("'", "''")}', '${column.slice(1, -1).replaceAll('""', '"').replaceAll("'", "''")}')::regclass AS name ` +
      `FROM ${rows}) s WHERE s.name IS NOT NULL AND s.greatest > coalesce(pg_sequence_last_value(s.name), 0)`,
  };
}
