import { type DataSource, type QueryRunner } from 'typeorm';
import { PreparedStatementError } from '../../audit.errors.js';
import { type Executed } from './executed.js';
import { sqlStateOf } from './driver-error.js';
import { postgresTimeLimit } from './postgres.time-limit.js';
import { postgresRefusal } from './refusal.js';
import { type Run } from './run.js';
import { preparedStatementsOf, readPlain, runPlain, runPrepared } from './prepared.js';
import { hasOwnQuery, ownQueryOf } from '../../typeorm/query-runner.js';
import { type Sessions } from '../sessions/sessions.js';
import { type Statement } from './statement.js';

/** The part of a client of the `pg` package that we use. */
interface PgClient {
  query(config: { name: string; text: string; values: unknown[] }): Promise<{
    rows: Record<string, unknown>[];
    rowCount: number | null;
  }>;
}

// "cached plan must not change result type": a migration has changed the type of a column that the statement selects.
const OUTDATED = '0A000';
// "prepared statement does not exist", "prepared statement already exists".
const NOT_KEPT = ['26000', '42P05'];

export function postgresRun(dataSource: DataSource, sessions: Sessions): Run {
  // The clients with an outdated statement. They refuse it for good, because a prepared statement can't be replaced.
  const outdated = new WeakSet<PgClient>();
  let isKept = true;

  async function usesNames(queryRunner: QueryRunner, { name }: Statement): Promise<boolean> {
    const choice = preparedStatementsOf(dataSource);
    if (!name || choice === false || !hasOwnQuery(queryRunner)) return false;
    if (choice === true) return true;
    if (!isKept) return false;
    // Asks the server once, and so learns whether the connection keeps statements.
    await isInTransaction(queryRunner);
    return sessions.of(await clientOf(queryRunner)).keepsStatements;
  }

  async function isInTransaction(queryRunner: QueryRunner): Promise<boolean> {
    const session = sessions.of(await clientOf(queryRunner));
    return session.isInTransaction((text) => ownQueryOf(queryRunner).call(queryRunner, text));
  }

  function runNamed(queryRunner: QueryRunner, statement: Statement, values: unknown[]): Promise<Executed> {
    const { name, text } = statement;
    return runPrepared(dataSource, queryRunner, statement, values, async () => {
      const client = await clientOf(queryRunner);
      const { rows, rowCount } = await client.query({ name: name!, text, values });
      return { rows, affected: rowCount ?? 0 };
    });
  }

  return {
    placeholder: (n) => `$${n}`,
    numbersParameters: true,
    quoted: String.raw`'(?:[^']|'')*'|"(?:[^"]|"")*"`,

    execute: async (queryRunner, statement, values) => {
      if (!(await usesNames(queryRunner, statement))) return runPlain(queryRunner, statement, values);
      try {
        return await runNamed(queryRunner, statement, values);
      } catch (error) {
        if (!NOT_KEPT.includes(sqlStateOf(error))) throw error;
        isKept = false;
        throw new PreparedStatementError(error);
      }
    },

    read: async (queryRunner, statement, values) => {
      const client = await clientOf(queryRunner);
      // Not in a transaction, where we couldn't retry after an error.
      const isNamed =
        !outdated.has(client) &&
        (await usesNames(queryRunner, statement)) &&
        !(await isInTransaction(queryRunner));
      if (!isNamed) return readPlain(queryRunner, statement, values);
      try {
        return (await runNamed(queryRunner, statement, values)).rows;
      } catch (error) {
        const code = sqlStateOf(error);
        if (code === OUTDATED) outdated.add(client);
        else if (NOT_KEPT.includes(code)) isKept = false;
        else throw error;
        return readPlain(queryRunner, statement, values);
      }
    },

    timeLimit: postgresTimeLimit,
    refusal: postgresRefusal,

    // One statement, because foreign keys are checked at its end.
    deleteAll: async (queryRunner, [first, ...others]) => {
      const rest = others.map((table, n) => `d${n} AS (DELETE FROM ${table})`);
      await queryRunner.query(`${rest.length > 0 ? `WITH ${rest.join(', ')} ` : ''}DELETE FROM ${first}`);
    },
    truncatesCascading: true,
  };
}

async function clientOf(queryRunner: QueryRunner): Promise<PgClient> {
  return (await queryRunner.connect()) as PgClient;
}
