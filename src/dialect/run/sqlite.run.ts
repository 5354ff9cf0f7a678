import { type DataSource } from 'typeorm';
import { hasOwnQuery } from '../../typeorm/query-runner.js';
import { sqliteConnectionStateOf, type SqliteStatement } from '../sessions/sqlite.connection.js';
import { type Executed } from './executed.js';
import { readPlain, runPlain, runPrepared } from './prepared.js';
import { sqliteRefusal } from './refusal.js';
import { type Run } from './run.js';

/** A connection of better-sqlite3. */
interface Preparing {
  prepare(text: string): SqliteStatement;
}

export function sqliteRun(dataSource: DataSource): Run {
  return {
    placeholder: () => '?',
    numbersParameters: false,
    quoted: String.raw`'(?:[^']|'')*'|"(?:[^"]|"")*"`,

    execute: (queryRunner, statement, values) =>
      statement.name && dataSource.options.type === 'better-sqlite3' && hasOwnQuery(queryRunner)
        ? runPrepared(dataSource, queryRunner, statement, values, () =>
            prepareAndRun(dataSource, statement.text, values),
          )
        : runPlain(queryRunner, statement, values),
    read: readPlain,
    refusal: sqliteRefusal,

    deleteAll: async (queryRunner, tables) => {
      // It holds until the end of the transaction.
      await queryRunner.query('PRAGMA defer_foreign_keys = ON');
      for (const table of tables) await queryRunner.query(`DELETE FROM ${table}`);
    },
    truncatesCascading: false,
  };
}

// TypeORM caches the last hundred statements only, and reads by key make a new statement for each number of keys.
function prepareAndRun(dataSource: DataSource, text: string, values: readonly unknown[]): Executed {
  const { connection, statements } = sqliteConnectionStateOf(dataSource);
  let statement = statements.get(text);
  if (!statement) statements.set(text, (statement = (connection as Preparing).prepare(text)));
  const bound = values.map((value) => (typeof value === 'boolean' ? Number(value) : value));
  return statement.reader
    ? { rows: statement.all(...bound), affected: 0 }
    : { rows: [], affected: statement.run(...bound).changes };
}
