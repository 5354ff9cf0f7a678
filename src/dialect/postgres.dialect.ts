import { type DataSource, QueryFailedError } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Dialect, type ValueType } from './dialect.js';
import { enumTransformers } from './types/enum-transformers.js';
import { HMAC_DIGITS, HMAC_PADS } from './masks/mask.js';
import { FEW_KEYS, takePacked } from './keys/packed-rows.js';
import { noRandomNumbers, PAD_BYTES, readPad, words } from './masks/pad.js';
import { queryPgBeneath } from './session/query-beneath.js';
import { connectionOf } from '../typeorm/query-runner.js';
import { postgresSessions } from './session/postgres.session.js';
import { postgresStatements } from './run/postgres.run.js';
import { postgresTexts } from './types/postgres.texts.js';
import { postgresTimeLimit } from './run/postgres.time-limit.js';
import { postgresRefusal } from './run/refusal.js';
import { updateFrom } from './sql/update-from.js';
import { withoutSuccessor } from './sql/without-successor.js';
import { tooManyColumns } from './catalogue/row-limits.js';
import { parsedPlace } from './catalogue/table-place.js';
import { postgresCatalogue } from './catalogue/postgres.catalogue.js';

const VALUE_TYPES: Record<ValueType, string> = {
  uuid: 'uuid',
  time: 'double precision',
  text: 'varchar',
  json: 'jsonb',
  integer: 'bigint',
  boolean: 'boolean',
};

const UNDEFINED_FUNCTION = '42883';

const PAD = 'nestjs_typeorm_audit.pad';
// Of the transaction, as behind a pooler the session may be another one's next.
const MAKE_PAD =
  `SELECT set_config('${PAD}', encode(sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text || ` +
  `gen_random_uuid()::text, '-', ''), 'hex')), 'hex'), true) AS pad`;

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
    columnTypes: { uuid: { type: 'uuid' }, json: { type: 'jsonb' }, text: { type: 'varchar' } },
    texts: postgresTexts(),

    catalogue: postgresCatalogue(dataSource),
    tablePlace: (target) => parsedPlace(dataSource, target),

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
    digest: (expression, column, { id, inner, outer }) =>
      `('${id}' || left(encode(sha256(${block(outer, HMAC_PADS.outer)} || sha256(${block(inner, HMAC_PADS.inner)} || ` +
      `convert_to(${textOf(dataSource, expression, column)}, 'UTF8'))), 'hex'), ${HMAC_DIGITS}))::varchar`,
    makePad: async (queryRunner) => {
      try {
        return readPad((await queryPgBeneath(queryRunner, MAKE_PAD)).rows[0].pad);
      } catch (error) {
        if ((error as { code?: string }).code !== UNDEFINED_FUNCTION) throw error;
        throw noRandomNumbers(
          'PostgreSQL has gen_random_uuid() from version 13, and before with CREATE EXTENSION pgcrypto.',
          error,
        );
      }
    },

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
    rollBackUnit: (queryRunner) => queryPgBeneath(queryRunner, 'ROLLBACK'),
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

    ...postgresStatements(dataSource, sessionOf),
    timeLimit: postgresTimeLimit,
  };
}

// A block of HMAC, from the blinded half that the key is in; the other half is the same for all. In a SELECT of its own it
// is made once for a statement, and not for each row, which took longer than to hash.
function block(parameter: string, pad: number): string {
  const integer = (word: string): string => `('x' || ${word})::bit(64)::bigint`;
  const pads = words(`current_setting('${PAD}')`);
  const half = words(`${parameter}::varchar`).map(
    (word, n) => `int8send(${integer(word)} # ${integer(pads[n])})`,
  );
  return `(SELECT ${half.join(' || ')} || decode(repeat('${pad.toString(16)}', ${PAD_BYTES}), 'hex'))`;
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
