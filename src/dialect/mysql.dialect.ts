import { type DataSource, QueryFailedError, type QueryResult, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { assertNothingCut } from './run/cut-values.js';
import { type Dialect } from './dialect.js';
import { type Executed } from './run/executed.js';
import { newestOnMariadb } from './sql/newest-on-mariadb.js';
import { enumTransformers } from './types/enum-transformers.js';
import { mariadbBlocks } from './sql/mariadb.blocks.js';
import { isBinary, mysqlKeys } from './keys/mysql.keys.js';
import { mysqlMasks } from './masks/mysql.masks.js';
import { MysqlServer } from './session/mysql.server.js';
import { hideTransaction, MysqlSession } from './session/mysql.session.js';
import { ANY_TEXT, mysqlTexts } from './types/mysql.texts.js';
import { queryMysqlBeneath } from './session/query-beneath.js';
import { connectionOf, hasOwnQuery } from '../typeorm/query-runner.js';
import { preparedStatementsOf, readPlain, runPrepared } from './run/prepared.js';
import { remembered } from './session/session.js';
import { type Statement } from './run/statement.js';
import { mysqlRefusal } from './run/refusal.js';
import { mysqlTimeLimit } from './run/mysql.time-limit.js';
import { withoutSuccessor } from './sql/without-successor.js';
import { columnType } from './catalogue/column-type.js';
import { INNODB_COLUMNS, tooManyBytes, tooManyColumns, type TypedColumn } from './catalogue/row-limits.js';
import { parsedPlace } from './catalogue/table-place.js';
import { mysqlCatalogue } from './catalogue/mysql.catalogue.js';

/** Of how many tables MySQL may try each order in which it could join them. */
const MOST_ORDERED = 7;

/** MySQL 8.0.14 and MariaDB 10.6, and later, by mysql2. */
export function mysqlDialect(dataSource: DataSource): Dialect {
  const catalogue = mysqlCatalogue(dataSource);
  const server = new MysqlServer(dataSource);
  const typeOf = (column: ColumnMetadata): string => dataSource.driver.normalizeType(column);
  const sessionOf = remembered(() => new MysqlSession());
  const lock: Dialect['lock'] = (alias, skipLocked) =>
    // To MariaDB, which has no OF, it is a comment.
    ` FOR UPDATE${alias ? ` /*!80000 OF ${alias} */` : ''}${skipLocked ? ' SKIP LOCKED' : ''}`;
  let canPrepare = true;
  return {
    columnTypes: {
      // MariaDB from 10.7 has the type, and TypeORM makes a varchar(255) of it elsewhere.
      uuid:
        dataSource.driver.normalizeType({ type: 'uuid' }) === 'uuid'
          ? { type: 'uuid' }
          : { type: 'varchar', length: 36 },
      json: { type: 'json' },
      // Who writes and why isn't the schema's to limit.
      text: { type: 'varchar', charset: ANY_TEXT },
    },
    texts: mysqlTexts(dataSource),

    catalogue,
    tablePlace: (target) => parsedPlace(dataSource, target),

    tooWide: (audited, revision) => {
      const typed = (columns: readonly ColumnMetadata[]): TypedColumn[] =>
        columns.map((column) => [column, columnType(catalogue.neededType(column))]);
      return tooManyColumns(revision.length, INNODB_COLUMNS) ?? tooManyBytes(typed(audited), typed(revision));
    },

    copiedType: (column) => {
      if (typeOf(column) === 'enum') return { type: 'varchar', transformer: enumTransformers(column) };
      // Text that TypeORM splits at commas, as it does a set's.
      if (column.type === 'set') return { type: 'simple-array' };
      // TypeORM's column is this short only where it generates the value.
      if (column.type === 'uuid' && typeOf(column) !== 'uuid' && column.generationStrategy === 'uuid')
        return { length: column.length || 36 };
      return {};
    },

    placeholder: () => '?',
    numbersParameters: false,
    quoted: '`(?:[^`]|``)*`' + String.raw`|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"`,

    copied: (expression) => expression,
    restored: (expression) => expression,
    keepsGeneratedKeys: '',

    ...mysqlMasks(dataSource, server),

    // Text compares by its collation, which may ignore case and trailing blanks, unless its bytes are asked for.
    differ: (columns, left, right) =>
      `NOT (${columns
        .map((column) => {
          const binary = isNumeric(typeOf(column)) ? '' : 'BINARY ';
          return `${binary}${left(column)} <=> ${binary}${right(column)}`;
        })
        .join(' AND ')})`,

    sameText: (expression, parameter) => `${bytesOf(expression)} = ${bytesOf(parameter)}`,

    // MariaDB's JSON is text, but it tells the driver what it is, which parses it.
    hidesJsonNull: (column) => typeOf(column) === 'json',

    // A text may come as its bytes. And MySQL gives a prepared parameter the character set that a column had then.
    value: (parameter, type) => (type === 'text' ? `CONVERT(${parameter} USING ${ANY_TEXT})` : parameter),
    keyValue: (parameter) => parameter,

    readKey: (key, column) => (isBinary(typeOf(column)) ? key : `CAST(${key} AS CHAR)`),
    lock,
    lockToUpdate: (alias) => lock(alias),
    // Before a condition that is false for the whole statement no row is read.
    isReadCommitted: `/*!80000 @@transaction_isolation *//*M! @@tx_isolation */ = 'READ-COMMITTED'`,
    // A record that changed since the snapshot, a duplicate, a lock that took too long, a deadlock.
    isConflict: (error) =>
      error instanceof QueryFailedError &&
      [1020, 1062, 1205, 1213].includes((error.driverError as { errno?: number }).errno ?? 0),
    refusal: mysqlRefusal,
    // MySQL 9.7 goes on from the first of several deleted rows only.
    get leavesChildren() {
      return !server.isMariadb;
    },
    truncatesCascading: false,
    sharesConnection: false,
    deleteAll: async (queryRunner, tables) => {
      const [{ checks }] = (await queryRunner.query('SELECT @@foreign_key_checks AS checks')) as {
        checks: number;
      }[];
      await queryRunner.query('SET SESSION foreign_key_checks = 0');
      try {
        for (const table of tables) await queryRunner.query(`DELETE FROM ${table}`);
      } finally {
        await queryRunner.query(`SET SESSION foreign_key_checks = ${Number(checks)}`);
      }
    },
    connectionOf,
    rollBackUnit: (queryRunner) => queryMysqlBeneath(queryRunner, 'ROLLBACK'),
    sessionOf,
    beginUnit: 'START TRANSACTION',
    renewSnapshot: async (queryRunner) => {
      await server.recognise(queryRunner);
      if (server.guardsSnapshots) await queryMysqlBeneath(queryRunner, 'COMMIT AND CHAIN');
    },
    hideUnit: (raw) => hideTransaction(raw),
    isInTransactionError: () => false,

    // MariaDB returns from inserts. From updates nobody does, so their keys are read before, under a lock.
    returning: (kind) =>
      kind === 'insert' && dataSource.driver.isReturningSqlSupported('insert') ? 'beside' : 'none',
    returningClause: (_, keys) => ` RETURNING ${keys}`,
    forgetReturned: (queryRunner, _, result, firstNumber, given) =>
      forgetReturned(queryRunner, result, Number(firstNumber ?? 0), given),

    ...mysqlKeys(dataSource),

    hasLateral: false,
    leadingJoin: 'STRAIGHT_JOIN',
    greatest: (...expressions) => `greatest(${expressions.join(', ')})`,
    numberedUuid: (prefix, start, n) => `concat(${prefix}, lpad(lower(hex(${start} + ${n})), 10, '0'))`,
    uuidText: (expression) => `lower(${expression})`,

    // Under REPEATABLE READ, its default.
    locksGaps: true,
    readsPresent: ' LOCK IN SHARE MODE',
    unlessTaken: (insert) => insert.replace(/^INSERT /, 'INSERT IGNORE '),
    // MySQL has blocks in stored programs only.
    get blocks() {
      return server.isMariadb ? mariadbBlocks : undefined;
    },
    recognise: (queryRunner) => server.recognise(queryRunner),

    updateJoined: ({ target, lookup = '', source, on, set }) =>
      `UPDATE ${source} STRAIGHT_JOIN ${target} t${lookup} ON ${on} SET ${Object.entries(set)
        .map(([column, value]) => `t.${column} = ${value}`)
        .join(', ')}`,

    newest: (past) => (server.isMariadb ? newestOnMariadb(past) : withoutSuccessor(past)),
    nullOf: () => 'NULL',
    inlined: '',
    // MySQL looks for the best order of up to 62 joined tables, and with 30 of the past, of which it knows little as
    // yet, it doesn't come to an end. To MariaDB a hint is a comment.
    pastHints: (tables) => (tables > MOST_ORDERED ? 'SET_VAR(optimizer_search_depth = 3)' : ''),
    read: readPlain,
    timeLimit: mysqlTimeLimit(server),
    execute: async (queryRunner, statement, values) => {
      const mayPrepare = canPrepare && preparedStatementsOf(dataSource) !== false;
      if (!statement.name || !mayPrepare || !hasOwnQuery(queryRunner))
        return run(queryRunner, statement, values);
      const connection = (await queryRunner.connect()) as MysqlConnection;
      if (!sessionOf(connection).keepsStatements) return run(queryRunner, statement, values);
      try {
        const { header, ...executed } = await runPrepared(dataSource, queryRunner, statement, values, () =>
          prepareAndRun(connection, statement.text, values),
        );
        await assertNothingCut(queryRunner, statement.text, header);
        return executed;
      } catch (error) {
        if (!(error instanceof QueryFailedError) || !isOutOfStatements(error)) throw error;
        canPrepare = false;
        return run(queryRunner, statement, values);
      }
    },
  };
}

// What the server would have told without RETURNING, in the driver's own object: rows come without it.
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

async function run(queryRunner: QueryRunner, { text }: Statement, values: unknown[]): Promise<Executed> {
  const { raw, records, affected } = await queryRunner.query(text, values, true);
  await assertNothingCut(queryRunner, text, raw);
  return { rows: rowsOf(records as Executed['rows']), affected: affected ?? 0 };
}

// A block gives a list of results, of which the first is what it selected.
function rowsOf(result: Record<string, unknown>[]): Record<string, unknown>[] {
  return Array.isArray(result[0]) ? (result[0] as Record<string, unknown>[]) : result;
}

/** A connection of mysql2, as far as it is used here. */
interface MysqlConnection {
  query(text: string, done: (error: Error | null, rows: Record<string, unknown>[]) => void): void;
  execute(
    text: string,
    values: unknown[],
    done: (error: Error | null, result: Record<string, unknown>[] | { affectedRows: number }) => void,
  ): void;
}

interface Prepared extends Executed {
  readonly header: object | undefined;
}

function prepareAndRun(connection: MysqlConnection, text: string, values: unknown[]): Promise<Prepared> {
  return new Promise((resolve, reject) => {
    connection.execute(text, values, (error, result) => {
      if (error) reject(error);
      else if (Array.isArray(result)) resolve({ rows: rowsOf(result), affected: 0, header: undefined });
      else resolve({ rows: [], affected: result.affectedRows, header: result });
    });
  });
}

// The server keeps max_prepared_stmt_count of them, for all connections together.
function isOutOfStatements({ driverError }: QueryFailedError): boolean {
  return (driverError as { errno?: number }).errno === 1461;
}

const NUMERIC = /int|^dec|^double|^float|^numeric|^fixed|^real|^bool|^bit|^year|^date|^time/;

function isNumeric(type: string): boolean {
  return NUMERIC.test(type);
}

// In one character set, because a table may have another one than the connection.
function bytesOf(text: string): string {
  return `CAST(CONVERT(${text} USING utf8mb4) AS BINARY)`;
}
