import { type QueryRunner, type Table } from 'typeorm';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import { MysqlQueryRunner } from 'typeorm/driver/mysql/MysqlQueryRunner.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import { SqljsQueryRunner } from 'typeorm/driver/sqljs/SqljsQueryRunner.js';
import { OWN_QUERY, type OwnQuery } from '../dialect/query-runner.js';

const PATCHED = Symbol.for('nestjs-typeorm-audit:patched');
const CLEARS = Symbol.for('nestjs-typeorm-audit:clears');
const WATCH = Symbol.for('nestjs-typeorm-audit:watch');

const QUERY_RUNNERS = [PostgresQueryRunner, MysqlQueryRunner, BetterSqlite3QueryRunner, SqljsQueryRunner];

/** What stands around the statements of a driver's query runners. */
export interface StatementWatch {
  query(queryRunner: QueryRunner, text: string, run: () => Promise<unknown>): Promise<unknown>;
  stream<T>(queryRunner: QueryRunner, run: () => Promise<T>): Promise<T>;
  release(queryRunner: QueryRunner, run: () => Promise<void>): Promise<void>;
}

type Watched = { [WATCH]?: StatementWatch };
type Runner = QueryRunner & { readonly driver: Watched };

type Prototype = {
  query: ((this: Runner, text: string, ...rest: unknown[]) => Promise<unknown>) & { [OWN_QUERY]?: OwnQuery };
  stream: (this: Runner, ...given: unknown[]) => Promise<unknown>;
  release: (this: Runner) => Promise<void>;
  [PATCHED]?: true;
};

/**
 * Lets a watch stand around every statement that goes through TypeORM's query runners, whoever sends it.
 *
 * Nothing that TypeORM publishes tells of a BEGIN by hand, of a statement that is sent without waiting, or of a
 * runner that is released under a write. All of that comes through these methods of its query runners, those of
 * derived classes and of wrappers too, which call them in the end.
 */
export function extendQueryRunners(): void {
  for (const runner of QUERY_RUNNERS) {
    const prototype = runner.prototype as unknown as Prototype;
    if (Object.hasOwn(prototype, PATCHED)) continue;
    extend(prototype);
  }
}

/** Sets or ends the watch over the query runners of a driver. */
export function watchStatements(driver: object, watch: StatementWatch | undefined): void {
  (driver as Watched)[WATCH] = watch;
}

function extend(prototype: Prototype): void {
  const { query, stream, release } = prototype;
  prototype.query = function (text, ...rest) {
    const watch = this.driver[WATCH];
    if (!watch || this.isReleased) return query.call(this, text, ...rest);
    return watch.query(this, text, () => query.call(this, text, ...rest));
  };
  prototype.query[OWN_QUERY] = query as OwnQuery;
  // SQLite's throws at once that there is none.
  if (Object.hasOwn(prototype, 'stream'))
    prototype.stream = function (...given) {
      const watch = this.driver[WATCH];
      if (!watch || this.isReleased) return stream.apply(this, given);
      return watch.stream(this, () => stream.apply(this, given));
    };
  prototype.release = function () {
    const watch = this.driver[WATCH];
    return watch && !this.isReleased ? watch.release(this, () => release.call(this)) : release.call(this);
  };
  prototype[PATCHED] = true;
}

/** Empties a table in another way than TypeORM's own, which is given. */
export type Clear = (
  queryRunner: QueryRunner,
  table: Table | string,
  options: { cascade?: boolean } | undefined,
  truncate: () => Promise<void>,
) => Promise<void>;

type Clearing = {
  clearTable: (this: QueryRunner, table: Table | string, options?: { cascade?: boolean }) => Promise<void>;
  [CLEARS]?: true;
};

/**
 * Puts another way of emptying a table in the place of the query runners' `clearTable()`, by which `clear()` too sends a
 * TRUNCATE: no event, no builder and no trigger sees that, so that all rows would be gone with their histories still
 * open.
 */
export function replaceClear(clear: Clear): void {
  for (const runner of QUERY_RUNNERS) {
    const prototype = runner.prototype as unknown as Clearing;
    if (Object.hasOwn(prototype, CLEARS)) continue;
    const truncate = prototype.clearTable;
    prototype.clearTable = function (table, options) {
      // 0.3 knows of no options, and ignores them.
      const known = truncate.length > 1 ? options : undefined;
      return clear(this, table, known, () => truncate.call(this, table, options));
    };
    prototype[CLEARS] = true;
  }
}
