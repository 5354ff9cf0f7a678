import { type DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Dialect, type Executed, type ValueType } from './dialect.js';
import { enumTransformers } from './enum-transformers.js';
import { FEW_KEYS, takePacked } from './packed-rows.js';
import { connectionOf, hasOwnQuery, ownQueryOf } from './query-runner.js';
import { postgresSessions } from './postgres.session.js';
import { readPlain, runPlain, runPrepared } from './prepared.js';
import { postgresRefusal } from './refusal.js';
import { type Statement } from './statement.js';
import { updateFrom } from './update-from.js';
import { withoutSuccessor } from './without-successor.js';
import { tooManyColumns } from './row-limits.js';
import { postgresCatalogue } from './postgres.catalogue.js';

const VALUE_TYPES: Record<ValueType, string> = {
  uuid: 'uuid',
  time: 'double precision',
  text: 'varchar',
  json: 'jsonb',
  integer: 'bigint',
  boolean: 'boolean',
};

// A restore reads a row and its revision side by side, and a SELECT has 1664 columns.
const MOST_COLUMNS = 836;

const KEYS_PER_STATEMENT = 100_000;

/** PostgreSQL 12 and later. */
export function postgresDialect(dataSource: DataSource): Dialect {
  const isEnum = (column: ColumnMetadata): boolean => dataSource.driver.normalizeType(column) === 'enum';
  const sessionOf = postgresSessions();
  const copied = (expression: string, column: ColumnMetadata): string =>
    isEnum(column) ? `${expression}::varchar${column.isArray ? '[]' : ''}` : expression;

  return {
    columnTypes: { uuid: { type: 'uuid' }, json: { type: 'jsonb' } },

    catalogue: postgresCatalogue(dataSource),

    tooWide: (_, { length }) => tooManyColumns(length, MOST_COLUMNS),

    copiedType: (column) =>
      isEnum(column) ? { type: 'varchar', transformer: enumTransformers(column) } : {},

    placeholder: (n) => `$${n}`,
    numbersParameters: true,
    quoted: String.raw`'(?:[^']|'')*'|"(?:[^"]|"")*"`,

    copied,
    restored: (expression, column) =>
      isEnum(column)
        ? `${expression}::${enumType(dataSource, column)}${column.isArray ? '[]' : ''}`
        : expression,

    keepsGeneratedKeys: ' OVERRIDING SYSTEM VALUE',
    advanceGenerator: (table, column, isRow) =>
      `SELECT setval(s.name, t.${column}) FROM ${table} t CROSS JOIN (SELECT pg_get_serial_sequence(` +
      `'${table.replaceAll("'", "''")}', '${column.slice(1, -1).replaceAll('""', '"').replaceAll("'", "''")}')::regclass AS name) s ` +
      `WHERE ${isRow} AND s.name IS NOT NULL AND t.${column} > coalesce(pg_sequence_last_value(s.name), 0)`,

    asText: (expression) => `(${expression})::text`,
    digest: (expression, column) =>
      `encode(sha256(decode({{maskOuter}}::varchar, 'hex') || sha256(decode({{maskInner}}::varchar, 'hex') || ` +
      `convert_to(${textOf(dataSource, expression, column)}, 'UTF8'))), 'hex')::varchar`,
    provideDigest: () => undefined,

    // The record image operators compare bytes: json, xml, point and case-insensitive text too. They want the same types on
    // both sides, and a copy may be of a wider one: of the two a CASE takes that one.
    differ: (columns, left, right) => {
      const row = (isLive: boolean): string => {
        const values = columns.map(
          (column) => `CASE WHEN ${isLive} THEN ${copied(left(column), column)} ELSE ${right(column)} END`,
        );
        return `ROW(${values.join(', ')})::record`;
      };
      return `${row(true)} *<> ${row(false)}`;
    },

    sameText: (expression, parameter) => `${expression} = ${parameter}`,

    hidesJsonNull: (column) => /^jsonb?$/.test(dataSource.driver.normalizeType(column)) && !column.isArray,

    value: (parameter, type) => `${parameter}::${VALUE_TYPES[type]}`,
    keyValue: (parameter, column) => `${parameter}::${keyType(dataSource, column)}`,

    // As text, because a Date has milliseconds.
    readKey: (key) => `${key}::text`,
    lock: (alias, skipLocked) =>
      ` FOR UPDATE${alias ? ` OF ${alias}` : ''}${skipLocked ? ' SKIP LOCKED' : ''}`,
    lockToUpdate: (alias) => ` FOR NO KEY UPDATE${alias ? ` OF ${alias}` : ''}`,
    // Serialisation failure, deadlock, unique violation.
    isConflict: (error) =>
      error instanceof QueryFailedError &&
      ['40001', '40P01', '23505'].includes((error.driverError as { code?: string }).code ?? ''),
    refusal: postgresRefusal,
    truncatesCascading: true,
    sharesConnection: false,
    // One statement: foreign keys are checked at its end.
    deleteAll: async (queryRunner, [first, ...others]) => {
      const rest = others.map((table, n) => `d${n} AS (DELETE FROM ${table})`);
      await queryRunner.query(`${rest.length > 0 ? `WITH ${rest.join(', ')} ` : ''}DELETE FROM ${first}`);
    },
    connectionOf,
    sessionOf,
    beginUnit: 'START TRANSACTION',
    isInTransactionError: () => false,

    returning: () => 'clause',
    rowPlace: 'ctid::text',
    returningClause: (_, keys) => ` RETURNING ${keys}`,
    forgetReturned: (_, kind, result) => {
      result.records = [];
      result.raw = kind === 'insert' ? [] : [[], result.affected];
      return Promise.resolve();
    },

    describeKeys: (_, columns) =>
      Promise.resolve({ columns, types: columns.map((column) => keyType(dataSource, column)) }),

    keyPacker: (columns) => {
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

    keyTable: ({ types }) => ({
      sql:
        `unnest(${types.map((type, n) => `{{keys${n}}}::${type}[]`).join(', ')}) ` +
        `WITH ORDINALITY AS k(${types.map((_, n) => `k${n}`).join(', ')}, n)`,
      key: (n) => `k.k${n}`,
      ordinal: '(k.n - 1)',
      bind: (keys) => Object.fromEntries(types.map((_, n) => [`keys${n}`, keys.map((key) => key[n])])),
      limit: KEYS_PER_STATEMENT,
    }),

    // Kept apart, because a join would rather read the whole table than many places, or one in a table of one page.
    placedRows: (table) => ({
      sql:
        `unnest({{places}}::tid[]) WITH ORDINALITY AS k(place, n) ` +
        `CROSS JOIN LATERAL (SELECT * FROM ${table} c WHERE c.ctid = k.place OFFSET 0) t`,
      ordinal: '(k.n - 1)',
    }),

    hasLateral: true,
    leadingJoin: 'JOIN',
    greatest: (...expressions) => `greatest(${expressions.join(', ')})`,
    numberedUuid: (prefix, start, n) =>
      `(${prefix}::varchar || lpad(to_hex(${start}::bigint + ${n}), 10, '0'))::uuid`,
    uuidText: (expression) => `${expression}::varchar`,

    locksGaps: false,
    readsPresent: '',
    unlessTaken: (insert, columns) => `${insert} ON CONFLICT (${columns.join(', ')}) DO NOTHING`,

    updateJoined: updateFrom,
    newest: withoutSuccessor,
    nullOf: (column) => `CAST(NULL AS ${keyType(dataSource, column)}${column.isArray ? '[]' : ''})`,
    // Used twice it would be materialized, the whole table of it.
    inlined: 'NOT MATERIALIZED ',
    pastHints: () => '',

    execute: (queryRunner, statement, values) => {
      return statement.name && hasOwnQuery(queryRunner)
        ? runNamed(dataSource, queryRunner, statement, values)
        : runPlain(queryRunner, statement, values);
    },

    read: async (queryRunner, statement, values) => {
      const client = (await queryRunner.connect()) as PgClient;
      const isPrepared = statement.name && hasOwnQuery(queryRunner) && !outdated.has(client);
      const ask = (text: string): Promise<unknown> => ownQueryOf(queryRunner).call(queryRunner, text);
      // In a transaction it couldn't be tried again.
      if (!isPrepared || (await sessionOf(client).isInTransaction(ask)))
        return readPlain(queryRunner, statement, values);
      try {
        return (await runNamed(dataSource, queryRunner, statement, values)).rows;
      } catch (error) {
        if (!isOutdated(error)) throw error;
        outdated.add(client);
        return readPlain(queryRunner, statement, values);
      }
    },
  };
}

/** A client of the `pg` package, as far as it is used here. */
interface PgClient {
  query(config: { name: string; text: string; values: unknown[] }): Promise<{
    rows: Record<string, unknown>[];
    rowCount: number | null;
  }>;
}

function runNamed(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  statement: Statement,
  values: unknown[],
): Promise<Executed> {
  const { name, text } = statement;
  return runPrepared(dataSource, queryRunner, statement, values, async () => {
    const client = (await queryRunner.connect()) as PgClient;
    const { rows, rowCount } = await client.query({ name: name!, text, values });
    return { rows, affected: rowCount ?? 0 };
  });
}

// What a connection has prepared is refused for good once a column that it selects has been given another type, by a
// migration while the application runs.
const outdated = new WeakSet<PgClient>();

function isOutdated(error: unknown): boolean {
  return error instanceof QueryFailedError && (error.driverError as { code?: string }).code === '0A000';
}

// A moment's text is that of the session's time zone, and a digest must be the same in all.
function textOf(dataSource: DataSource, expression: string, column: ColumnMetadata): string {
  const isMoment = dataSource.driver.normalizeType(column) === 'timestamp with time zone' && !column.isArray;
  return isMoment ? `(${expression} AT TIME ZONE 'UTC')::text` : `${expression}::text`;
}

function keyType(dataSource: DataSource, column: ColumnMetadata): string {
  const type = dataSource.driver.normalizeType(column);
  if (type === 'enum') return enumType(dataSource, column);
  // Without a length 'character' is one character long; bpchar is the same type with any.
  return type === 'character' ? 'bpchar' : type;
}

// TypeORM names an enum after its table and column, in the table's schema, unless it is told a name.
function enumType(dataSource: DataSource, column: ColumnMetadata): string {
  const { schema, tableName } = column.entityMetadata;
  const name = column.enumName ?? `${tableName}_${column.databaseName.toLowerCase()}_enum`;
  return (schema ? [schema, name] : [name]).map((part) => dataSource.driver.escape(part)).join('.');
}
