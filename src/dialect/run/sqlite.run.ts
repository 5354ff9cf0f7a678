import { type DataSource } from 'typeorm';
import { hasOwnQuery } from '../../typeorm/query-runner.js';
import { sqliteConnectionOf } from '../sessions/sqlite.connection.js';
import { type Executed } from './executed.js';
import { readPlain, runPlain, runPrepared } from './prepared.js';
import { sqliteRefusal } from './refusal.js';
import { type Run } from './run.js';

export function sqliteRun(dataSource: DataSource): Run {
  return {
    placeholder: () => '?',
    numbersParameters: false,
    quoted: String.raw`'(?:[^']|'')*'|"(?:[^"]|"")*"`,

    execute: (queryRunner, statement, values) =>
      statement.name && dataSource.options.type === 'better-sqlite3' && hasOwnQuery(queryRunner)
        ? runPrepared(dataSource, queryRunner, statement, values, () =>
            runKept(sqliteConnectionOf(dataSource) as Preparing, statement.text, values),
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

/** A connection of better-sqlite3. */
interface Preparing {
  prepare(text: string): Prepared;
}

interface Prepared {
  readonly reader: boolean;
  all(...values: unknown[]): Record<string, unknown>[];
  run(...values: unknown[]): { changes: number };
}

const kept = new WeakMap<Preparing, Map<string, Prepared>>();

// TypeORM caches the last hundred statements only, and reads by key make a new statement for each number of keys.
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
