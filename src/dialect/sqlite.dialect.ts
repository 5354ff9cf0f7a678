import { type DataSource } from 'typeorm';
import { type Dialect } from './dialect.js';
import { type DigestFunction } from './masks/digest-key.js';
import { type Executed } from './run/executed.js';
import { type Key } from './keys/key.js';
import { enumTransformers } from './types/enum-transformers.js';
import { readPlain, runPlain, runPrepared } from './run/prepared.js';
import { hasOwnQuery } from '../typeorm/query-runner.js';
import { remembered } from './session/session.js';
import { sqliteSession } from './session/sqlite.session.js';
import { sqliteRefusal } from './run/refusal.js';
import { updateFrom } from './sql/update-from.js';
import { withoutSuccessor } from './sql/without-successor.js';
import { tooManyColumns } from './catalogue/row-limits.js';
import { sqliteCatalogue } from './catalogue/sqlite.catalogue.js';

// An expression is 1000 levels deep, and one level compares a column with its revision.
const MOST_COLUMNS = 1000;

const ROWID = 'audit_rowid';

/** SQLite 3.41 and later, by better-sqlite3 or sql.js. */
export function sqliteDialect(dataSource: DataSource): Dialect {
  return {
    columnTypes: {
      uuid: { type: 'varchar', length: 36 },
      json: { type: 'simple-json' },
      text: { type: 'varchar' },
    },

    catalogue: sqliteCatalogue(dataSource),
    // Names have no case, and what isn't attached is called main.
    tablePlace: (target) =>
      (typeof target === 'string' ? target : target.tablePath).toLowerCase().replace(/^main\./, ''),

    tooWide: (_, { length }) => tooManyColumns(length, MOST_COLUMNS),

    copiedType: (column) =>
      dataSource.driver.normalizeType(column) === 'varchar' && column.enum
        ? { type: 'varchar', array: false, transformer: enumTransformers(column, true) }
        : {},

    placeholder: () => '?',
    numbersParameters: false,
    quoted: String.raw`'(?:[^']|'')*'|"(?:[^"]|"")*"`,

    copied: (expression) => expression,
    restored: (expression) => expression,
    keepsGeneratedKeys: '',

    asText: (expression) => `CAST(${expression} AS TEXT)`,
    // A function is given integers as doubles.
    digest: (expression, _, { number }) =>
      `audit_digest(${number}, CASE typeof(${expression}) WHEN 'blob' THEN ${expression} ` +
      `WHEN 'real' THEN printf('%!.17g', ${expression}) ELSE CAST(${expression} AS TEXT) END)`,
    provideDigest: (digest) => provideDigest(dataSource, digest),

    differ: (columns, left, right) =>
      columns.map((column) => `${left(column)} IS NOT ${right(column)} COLLATE BINARY`).join(' OR '),

    sameText: (expression, parameter) => `${expression} = ${parameter}`,

    hidesJsonNull: () => false,

    value: (parameter) => parameter,
    keyValue: (parameter) => parameter,

    // The driver reads integers as doubles.
    readKey: (key) => `CASE typeof(${key}) WHEN 'integer' THEN CAST(${key} AS TEXT) ELSE ${key} END`,
    lock: () => '',
    lockToUpdate: () => '',
    isConflict: () => false,
    refusal: sqliteRefusal,
    truncatesCascading: false,
    sharesConnection: true,
    deleteAll: async (queryRunner, tables) => {
      // Until the end of the transaction.
      await queryRunner.query('PRAGMA defer_foreign_keys = ON');
      for (const table of tables) await queryRunner.query(`DELETE FROM ${table}`);
    },
    connectionOf: () => connectionOf(dataSource) as object | undefined,
    rollBackUnit: async () => (connectionOf(dataSource) as { exec(text: string): unknown }).exec('ROLLBACK'),
    sessionOf: remembered(sqliteSession),
    // Begun later, the lock that it needs might be refused because of what it has read.
    beginUnit: 'BEGIN IMMEDIATE',
    isInTransactionError: (error) => /within a transaction/.test(String(error)),

    returning: () => 'appended',
    // Asked in the statement, as the next one on the connection may be somebody else's.
    returningClause: (kind, keys) =>
      ` RETURNING ${keys}${kind === 'update' ? '' : `, last_insert_rowid() AS ${ROWID}`}`,
    forgetReturned: async (queryRunner, kind, result) => {
      const rows = result.records as Record<string, unknown>[];
      result.affected = rows.length;
      result.records = [];
      result.raw = [];
      // Of the two drivers this one gives the last inserted row's number, for deletes too.
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

    describeKeys: (_, columns) => Promise.resolve({ columns, types: [] }),

    keyTable: ({ columns }) => ({
      sql: 'json_each({{keys}}) k',
      // JSON has no bytes: they travel as { "hex": … }, all other values as themselves.
      key: (n) =>
        dataSource.driver.normalizeType(columns[n]) === 'blob'
          ? `unhex(json_extract(k.value, '$[${n}].hex'))`
          : `json_extract(k.value, '$[${n}]')`,
      ordinal: 'k.key',
      bind: (keys) => ({ keys: JSON.stringify(keys.map(encodeKey)) }),
      limit: 100_000,
    }),

    hasLateral: false,
    // Of its joins only this one keeps its order.
    leadingJoin: 'CROSS JOIN',
    greatest: (...expressions) => `max(${expressions.join(', ')})`,
    numberedUuid: (prefix, start, n) => `${prefix} || printf('%010x', ${start} + ${n})`,
    uuidText: (expression) => expression,

    locksGaps: false,
    readsPresent: '',
    unlessTaken: (insert) => insert.replace(/^INSERT /, 'INSERT OR IGNORE '),

    updateJoined: updateFrom,
    newest: withoutSuccessor,
    nullOf: () => 'NULL',
    inlined: '',
    pastHints: () => '',
    read: readPlain,
    execute: (queryRunner, statement, values) =>
      statement.name && dataSource.options.type === 'better-sqlite3' && hasOwnQuery(queryRunner)
        ? runPrepared(dataSource, queryRunner, statement, values, () =>
            runKept(connectionOf(dataSource) as Preparing, statement.text, values),
          )
        : runPlain(queryRunner, statement, values),
  };
}

/** A connection of better-sqlite3. */
interface Preparing {
  prepare(text: string): Prepared;
}

interface Prepared {
  readonly reader: boolean;
  all(...values: unknown[]): Record<string, unknown>[];
  run(...values: unknown[]): { changes: number };
}

function connectionOf({ driver }: DataSource): unknown {
  return (driver as unknown as { databaseConnection: unknown }).databaseConnection;
}

const kept = new WeakMap<Preparing, Map<string, Prepared>>();

// TypeORM keeps the last hundred statements, and reads by key make a new one for each number.
function runKept(connection: Preparing, text: string, values: readonly unknown[]): Executed {
  let statements = kept.get(connection);
  if (!statements) kept.set(connection, (statements = new Map()));
  let prepared = statements.get(text);
  if (!prepared) statements.set(text, (prepared = connection.prepare(text)));
  const bound = values.map((value) => (typeof value === 'boolean' ? Number(value) : value));
  return prepared.reader
    ? { rows: prepared.all(...bound), affected: 0 }
    : { rows: [], affected: prepared.run(...bound).changes };
}

/** A connection of better-sqlite3, or of sql.js. */
type Connection =
  | { function(name: string, options: object, fn: DigestFunction): void }
  | { create_function(name: string, fn: DigestFunction): void };

const provided = new WeakSet<Connection>();

function provideDigest(dataSource: DataSource, digest: DigestFunction): void {
  const connection = connectionOf(dataSource) as Connection;
  // sql.js forgets its functions whenever the database is exported, which an autosave does.
  if ('create_function' in connection) connection.create_function('audit_digest', digest);
  else if (!provided.has(connection)) {
    connection.function('audit_digest', { deterministic: true }, digest);
    provided.add(connection);
  }
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
