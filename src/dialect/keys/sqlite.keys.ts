import { type DataSource } from 'typeorm';
import { type Key } from './key.js';
import { type Keys } from './keys.js';

const KEYS_PER_STATEMENT = 100_000;

const ROWID = 'audit_rowid';

/** Keys of many rows travel as JSON. */
export function sqliteKeys(dataSource: DataSource): Keys {
  return {
    // As text, because the driver reads integers as doubles.
    read: (key) => `CASE typeof(${key}) WHEN 'integer' THEN CAST(${key} AS TEXT) ELSE ${key} END`,
    value: (parameter) => parameter,
    ordered: (expression) => expression,
    needsBounds: false,

    describe: (_, columns) => Promise.resolve({ columns, types: [] }),

    table: ({ columns }) => ({
      sql: 'json_each({{keys}}) k',
      // JSON has no bytes, so they travel as { "hex": … }. All other values travel as they are.
      key: (n) =>
        dataSource.driver.normalizeType(columns[n]) === 'blob'
          ? `unhex(json_extract(k.value, '$[${n}].hex'))`
          : `json_extract(k.value, '$[${n}]')`,
      ordinal: 'k.key',
      bind: (keys) => ({ keys: JSON.stringify(keys.map(encodeKey)) }),
      limit: KEYS_PER_STATEMENT,
    }),

    returning: () => 'appended',
    // RETURNING is in the write itself, because the next statement on the connection may be another's.
    returningClause: (kind, keys) =>
      ` RETURNING ${keys}${kind === 'update' ? '' : `, last_insert_rowid() AS ${ROWID}`}`,
    forgetReturned: async (queryRunner, kind, result) => {
      const rows = result.records as Record<string, unknown>[];
      result.affected = rows.length;
      result.records = [];
      result.raw = [];
      // Only better-sqlite3 gives the last inserted rowid, for deletes too.
      if (kind === 'update' || dataSource.options.type !== 'better-sqlite3') return;
      const [{ [ROWID]: id }] =
        rows.length > 0
          ? rows.slice(-1)
          : ((await queryRunner.query(`SELECT last_insert_rowid() AS ${ROWID}`)) as Record<
              string,
              unknown
            >[]);
      result.raw = id;
    },

    overriding: '',
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
