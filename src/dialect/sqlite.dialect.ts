import { type DataSource } from 'typeorm';
import { type Dialect, type Key } from './dialect.js';
import { enumTransformers } from './numeric-enum.js';
import { runPlain } from './statement.js';
import { updateFrom } from './update-from.js';

/** SQLite 3.41 and later, by better-sqlite3 or sql.js. */
export function sqliteDialect(dataSource: DataSource): Dialect {
  return {
    columnTypes: { uuid: { type: 'varchar', length: 36 }, json: { type: 'simple-json' } },

    copiedType: (column) =>
      dataSource.driver.normalizeType(column) === 'varchar' && column.enum
        ? { type: 'varchar', transformer: enumTransformers(column) }
        : {},

    placeholder: () => '?',
    numbersParameters: false,

    copied: (expression) => expression,

    differ: (columns, left, right) =>
      columns.map((column) => `${left(column)} IS NOT ${right(column)} COLLATE BINARY`).join(' OR '),

    value: (parameter) => parameter,
    keyValue: (parameter) => parameter,

    // The driver reads integers as doubles.
    readKey: (key) => `CASE typeof(${key}) WHEN 'integer' THEN CAST(${key} AS TEXT) ELSE ${key} END`,
    lock: () => '',
    sharesConnection: true,

    returning: () => 'appended',
    forgetReturned: async (queryRunner, kind, result) => {
      result.affected = result.records.length;
      result.records = [];
      if (kind !== 'insert') return;
      const [{ id }] = (await queryRunner.query('SELECT last_insert_rowid() AS id')) as { id: number }[];
      result.raw = id;
    },

    describeKeys: (_, columns) => Promise.resolve({ columns, types: [] }),

    keyTable: ({ columns }) => ({
      sql: 'json_each({{keys}}) k',
      // JSON has no bytes: they travel as { "hex": … }, all other values as themselves.
      key: (n) =>
        dataSource.driver.normalizeType(columns[n]) === 'blob'
          ? `unhex(json_extract(k.value, '$[${n}].hex'))`
          : `json_extract(k.value, '$[${n}]')`,
      ordinal: 'k.key',
      version: '',
      bind: (keys) => ({ keys: JSON.stringify(keys.map(encodeKey)) }),
      limit: 100_000,
    }),

    // Of its joins only this one keeps its order.
    leadingJoin: 'CROSS JOIN',
    greatest: (...expressions) => `max(${expressions.join(', ')})`,
    numberedUuid: (prefix, start, n) => `${prefix} || printf('%010x', ${start} + ${n})`,
    uuidText: (expression) => expression,

    locksGaps: false,
    isVersionTaken: () => false,

    updateJoined: updateFrom,
    run: runPlain,
  };
}

function encodeKey(key: Key): unknown[] {
  return key.map((value) =>
    value instanceof Uint8Array
      ? { hex: Buffer.from(value).toString('hex') }
      : typeof value === 'bigint'
        ? value.toString()
        : value,
  );
}
