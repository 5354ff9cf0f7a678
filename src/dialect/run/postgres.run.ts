import { type DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import { PreparedStatementError } from '../../audit.errors.js';
import { type Dialect } from '../dialect.js';
import { type Executed } from './executed.js';
import { preparedStatementsOf, readPlain, runPlain, runPrepared } from './prepared.js';
import { hasOwnQuery, ownQueryOf } from '../../typeorm/query-runner.js';
import { type Session } from '../session/session.js';
import { type Statement } from './statement.js';

/** A client of the `pg` package, as far as it is used here. */
interface PgClient {
  query(config: { name: string; text: string; values: unknown[] }): Promise<{
    rows: Record<string, unknown>[];
    rowCount: number | null;
  }>;
}

// "cached plan must not change result type": a migration has given a column that the statement selects another type.
const OUTDATED = '0A000';
// "prepared statement does not exist", "prepared statement already exists".
const NOT_KEPT = ['26000', '42P05'];

/** Runs statements, named ones prepared where the connection keeps them. */
export function postgresStatements(
  dataSource: DataSource,
  sessionOf: (connection: object) => Session,
): Pick<Dialect, 'execute' | 'read'> {
  // Clients that refuse a statement for good, as what they have prepared can't be replaced.
  const outdated = new WeakSet<PgClient>();
  let isKept = true;

  async function usesNames(queryRunner: QueryRunner, { name }: Statement): Promise<boolean> {
    const choice = preparedStatementsOf(dataSource);
    if (!name || choice === false || !hasOwnQuery(queryRunner)) return false;
    if (choice === true) return true;
    if (!isKept) return false;
    // It asks the server once, which also says whether the connection keeps statements.
    await isInTransaction(queryRunner);
    return sessionOf(await clientOf(queryRunner)).keepsStatements;
  }

  async function isInTransaction(queryRunner: QueryRunner): Promise<boolean> {
    const session = sessionOf(await clientOf(queryRunner));
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
    execute: async (queryRunner, statement, values) => {
      if (!(await usesNames(queryRunner, statement))) return runPlain(queryRunner, statement, values);
      try {
        return await runNamed(queryRunner, statement, values);
      } catch (error) {
        if (!NOT_KEPT.includes(codeOf(error))) throw error;
        isKept = false;
        throw new PreparedStatementError(error);
      }
    },

    read: async (queryRunner, statement, values) => {
      const client = await clientOf(queryRunner);
      // In a transaction it couldn't be tried again.
      const isNamed =
        !outdated.has(client) &&
        (await usesNames(queryRunner, statement)) &&
        !(await isInTransaction(queryRunner));
      if (!isNamed) return readPlain(queryRunner, statement, values);
      try {
        return (await runNamed(queryRunner, statement, values)).rows;
      } catch (error) {
        const code = codeOf(error);
        if (code === OUTDATED) outdated.add(client);
        else if (NOT_KEPT.includes(code)) isKept = false;
        else throw error;
        return readPlain(queryRunner, statement, values);
      }
    },
  };
}

async function clientOf(queryRunner: QueryRunner): Promise<PgClient> {
  return (await queryRunner.connect()) as PgClient;
}

function codeOf(error: unknown): string {
  return (error instanceof QueryFailedError && (error.driverError as { code?: string }).code) || '';
}
