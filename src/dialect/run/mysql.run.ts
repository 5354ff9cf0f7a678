import { type DataSource, type QueryRunner } from 'typeorm';
import { hasOwnQuery } from '../../typeorm/query-runner.js';
import { withoutHolding } from '../locks/mysql.locks.js';
import { type MysqlServer } from '../sessions/mysql.server.js';
import { type Sessions } from '../sessions/sessions.js';
import { assertNothingCut } from './cut-values.js';
import { errorNumberOf } from './driver-error.js';
import { type Executed } from './executed.js';
import { mysqlTimeLimit } from './mysql.time-limit.js';
import { preparedStatementsOf, readPlain, runPrepared } from './prepared.js';
import { mysqlRefusal } from './refusal.js';
import { type Run } from './run.js';
import { type Statement } from './statement.js';

// ER_MAX_PREPARED_STMT_COUNT_REACHED: the server keeps max_prepared_stmt_count statements for all connections together.
const OUT_OF_STATEMENTS = 1461;
// ER_TABLEACCESS_DENIED_ERROR: on MySQL a locking SELECT needs the right to change the table.
const DENIED = 1142;

export function mysqlRun(dataSource: DataSource, server: MysqlServer, sessions: Sessions): Run {
  let canPrepare = true;
  let canHold = true;
  const execute: Run['execute'] = async (queryRunner, statement, values) => {
    const mayPrepare = canPrepare && preparedStatementsOf(dataSource) !== false;
    if (!statement.name || !mayPrepare || !hasOwnQuery(queryRunner))
      return run(queryRunner, statement, values);
    const connection = (await queryRunner.connect()) as MysqlConnection;
    if (!sessions.of(connection).keepsStatements) return run(queryRunner, statement, values);
    try {
      const { header, ...executed } = await runPrepared(dataSource, queryRunner, statement, values, () =>
        prepareAndRun(connection, statement.text, values),
      );
      await assertNothingCut(queryRunner, statement.text, header);
      return executed;
    } catch (error) {
      if (errorNumberOf(error) !== OUT_OF_STATEMENTS) throw error;
      canPrepare = false;
      return run(queryRunner, statement, values);
    }
  };
  return {
    placeholder: () => '?',
    numbersParameters: false,
    quoted: '`(?:[^`]|``)*`' + String.raw`|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"`,

    // An application without the right to change its history goes on without holding the table.
    execute: async (queryRunner, statement, values) => {
      if (!canHold) return execute(queryRunner, withoutHolding(statement) ?? statement, values);
      try {
        return await execute(queryRunner, statement, values);
      } catch (error) {
        const without = errorNumberOf(error) === DENIED ? withoutHolding(statement) : undefined;
        if (!without) throw error;
        canHold = false;
        return execute(queryRunner, without, values);
      }
    },
    read: readPlain,
    timeLimit: mysqlTimeLimit(server),
    refusal: mysqlRefusal,

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
    truncatesCascading: false,
    // MySQL 9.7 cascades from the first deleted row only.
    get leavesChildren() {
      return !server.isMariadb;
    },
  };
}

async function run(queryRunner: QueryRunner, { text }: Statement, values: unknown[]): Promise<Executed> {
  const { raw, records, affected } = await queryRunner.query(text, values, true);
  await assertNothingCut(queryRunner, text, raw);
  return { rows: rowsOf(records as Executed['rows']), affected: affected ?? 0 };
}

// A block gives a list of results; the first is the result of its SELECT.
function rowsOf(result: Record<string, unknown>[]): Record<string, unknown>[] {
  return Array.isArray(result[0]) ? (result[0] as Record<string, unknown>[]) : result;
}

/** The part of a mysql2 connection that we use. */
interface MysqlConnection {
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
