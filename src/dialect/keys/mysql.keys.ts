import { type DataSource, type QueryResult, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { isBinary } from '../types/type-names.js';
import { type Key, type KeyDescription } from './key.js';
import { type Keys } from './keys.js';
import { takePacked } from './packed-rows.js';

// Fits well into the default max_allowed_packet of 16 MB.
const KEYS_PER_STATEMENT = 50_000;

// ASCII text compares with text of any character set. Two collations of the same character set don't compare.
const NEWEST = ['newest varchar(36) CHARACTER SET ascii', 'version int', 'created double', 'isdelete int'];

/** Keys of many rows travel as JSON. */
export function mysqlKeys(dataSource: DataSource): Keys {
  return {
    read: (key, column) => (isBinary(dataSource.driver.normalizeType(column)) ? key : `CAST(${key} AS CHAR)`),
    value: (parameter) => parameter,
    // ORDER BY takes the numbers of an enum's labels, and > their texts.
    ordered: (expression, column) =>
      /^(enum|set)$/.test(dataSource.driver.normalizeType(column))
        ? `CAST(${expression} AS CHAR)`
        : expression,
    needsBounds: false,

    describe: (queryRunner, columns) => describeKeys(queryRunner, columns),

    packer: (columns) => {
      // JSON has no bytes.
      if (columns.some((column) => isBinary(dataSource.driver.normalizeType(column)))) return undefined;
      return {
        // SET STATEMENT keeps MariaDB from cutting the text off. MySQL takes it for a comment.
        select: (source, names, chunk = `(row_number() OVER () - 1) DIV ${KEYS_PER_STATEMENT}`) =>
          `/*M! SET STATEMENT group_concat_max_len = 4294967295 FOR */ SELECT audit_chunk, count(*) AS audit_count, ` +
          `CAST(JSON_ARRAYAGG(JSON_ARRAY(${names.join(', ')})) AS CHAR) AS audit_keys ` +
          `FROM (SELECT c.*, ${chunk} AS audit_chunk FROM ${source} c) d GROUP BY audit_chunk`,
        take: (rows) => takePacked(rows, ['keys'], 'audit_keys'),
      };
    },

    table: (description) => {
      const binary = description.types.map(isBinary);
      return {
        sql:
          `JSON_TABLE({{keys}}, '$[*]' COLUMNS (n FOR ORDINALITY, ` +
          `${description.types
            .map((type, n) => `k${n} ${binary[n] ? 'varchar(2000)' : type} PATH '$[${n}]'`)
            .join(
              ', ',
            )}, ${NEWEST.map((column, n) => `${column} PATH '$[${description.types.length + n}]'`).join(', ')})) k`,
        lookup: description.hasPrimaryKey ? ' FORCE INDEX (PRIMARY)' : undefined,
        key: (n) => (binary[n] ? `unhex(k.k${n})` : `k.k${n}`),
        ordinal: '(k.n - 1)',
        newest: { id: 'k.newest', version: 'k.version', created: 'k.created', isDeleted: 'k.isdelete' },
        bind: (keys) => ({ keys: JSON.stringify(keys.map((key) => encodeKey(dataSource, key))) }),
        limit: KEYS_PER_STATEMENT,
      };
    },

    // MariaDB has INSERT … RETURNING. Neither has UPDATE … RETURNING, so the keys are read before, under a lock.
    returning: (kind) =>
      kind === 'insert' && dataSource.driver.isReturningSqlSupported('insert') ? 'beside' : 'none',
    returningClause: (_, keys) => ` RETURNING ${keys}`,
    forgetReturned: (queryRunner, _, result, firstNumber, given) =>
      forgetReturned(queryRunner, result, Number(firstNumber ?? 0), given),

    // Servers that replicate each other generate keys in steps.
    numberingStep: async (queryRunner) => {
      const [{ step }] = (await queryRunner.query('SELECT @@auto_increment_increment AS step')) as {
        step: number;
      }[];
      return Number(step);
    },

    overriding: '',
  };
}

// With RETURNING the driver returns rows instead of its header. This builds the header from the server's own values.
async function forgetReturned(
  queryRunner: QueryRunner,
  result: QueryResult,
  insertId: number,
  given: number | undefined,
): Promise<void> {
  const affectedRows = (result.records as unknown[]).length;
  const [{ warnings }] = (await queryRunner.query('SELECT @@warning_count AS warnings')) as {
    warnings: number;
  }[];
  const header = (await queryRunner.query('DO 0')) as object;
  const duplicates = given === undefined ? 0 : given - affectedRows;
  const info =
    given === 1
      ? ''
      : `Records: ${given ?? affectedRows}  Duplicates: ${duplicates}  Warnings: ${Number(warnings)}`;
  result.raw = Object.assign(header, { affectedRows, insertId, info, warningStatus: Number(warnings) });
  result.records = [];
  result.affected = affectedRows;
}

// Reads exact types and collations from the database, because the metadata lacks a table's default collation.
async function describeKeys(
  queryRunner: QueryRunner,
  columns: readonly ColumnMetadata[],
): Promise<KeyDescription> {
  const { tableName, database } = columns[0].entityMetadata;
  const rows = (await queryRunner.query(
    `SELECT column_name AS name, column_type AS type, extra AS extra, character_set_name AS charset, collation_name AS collation, ` +
      `EXISTS (SELECT 1 FROM information_schema.statistics s WHERE s.table_schema = c.table_schema AND s.table_name = c.table_name ` +
      `AND s.index_name = 'PRIMARY') AS hasPrimaryKey FROM information_schema.columns c WHERE table_schema = coalesce(?, database()) AND table_name = ?`,
    [database ?? null, tableName],
  )) as CatalogueRow[];
  const types = columns.map((column) => {
    const row = rows.find(({ name }) => name === column.databaseName);
    const type = row?.type ?? 'varchar(255)';
    // JSON_TABLE has neither uuid nor enum and set.
    const spelled = type === 'uuid' ? 'char(36)' : /^(enum|set)/.test(type) ? 'varchar(255)' : type;
    return row?.collation ? `${spelled} CHARACTER SET ${row.charset} COLLATE ${row.collation}` : spelled;
  });
  const isNumbered = (column: ColumnMetadata): boolean =>
    rows.some(({ name, extra }) => name === column.databaseName && /auto_increment/i.test(extra));
  // A table that TypeORM didn't make may have no primary key.
  const hasPrimaryKey = rows.some((row) => Number(row.hasPrimaryKey) === 1);
  return { columns, types, numbered: columns.find(isNumbered), hasPrimaryKey };
}

interface CatalogueRow {
  name: string;
  type: string;
  extra: string;
  charset: string | null;
  collation: string | null;
  hasPrimaryKey: string | number;
}

function encodeKey(dataSource: DataSource, key: Key): unknown[] {
  return key.map((value) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    if (value instanceof Date)
      return localTime(value, (dataSource.options as { timezone?: string }).timezone);
    return typeof value === 'bigint' ? value.toString() : value;
  });
}

/** A Date as mysql2 writes it into a statement: in the connection's time zone, by default that of the process. */
function localTime(date: Date, timezone = 'local'): string {
  if (timezone === 'local')
    return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(timezone) ?? ['', '+', '0', '0'];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
}
