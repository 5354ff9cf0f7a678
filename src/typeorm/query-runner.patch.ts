import { type QueryRunner, type Table } from 'typeorm';
import { OWN_QUERY, type OwnQuery } from './query-runner.js';
import { StateSlot } from './state-slot.js';
import { wrapMember } from './wrap-member.js';

/** What stands around the statements of a driver's query runners. */
export interface StatementWatch {
  query(queryRunner: QueryRunner, text: string, run: () => Promise<unknown>): Promise<unknown>;
  stream<T>(queryRunner: QueryRunner, run: () => Promise<T>): Promise<T>;
  release(queryRunner: QueryRunner, run: () => Promise<void>): Promise<void>;
}

const watches = new StateSlot<StatementWatch>('watch');

type Runner = QueryRunner & { readonly driver: object };

type Query = ((this: Runner, text: string, ...rest: unknown[]) => Promise<unknown>) & {
  [OWN_QUERY]?: OwnQuery;
};
type Stream = (this: Runner, ...given: unknown[]) => Promise<unknown>;
type Release = (this: Runner) => Promise<void>;

const STREAMING = ['PostgresQueryRunner', 'MysqlQueryRunner'] as const;
const QUERY_RUNNERS = [...STREAMING, 'BetterSqlite3QueryRunner', 'SqljsQueryRunner'] as const;

/**
 * Lets a watch stand around every statement that goes through TypeORM's query runners, whoever sends it.
 *
 * Nothing that TypeORM publishes tells of a BEGIN by hand, of a statement that is sent without waiting, or of a
 * runner that is released under a write. All of that comes through these methods of its query runners, those of
 * derived classes and of wrappers too, which call them in the end.
 */
export function extendQueryRunners(): void {
  for (const owner of QUERY_RUNNERS) {
    wrapMember(owner, 'query', watchedQuery);
    wrapMember(owner, 'release', watchedRelease);
  }
  for (const owner of STREAMING) wrapMember(owner, 'stream', watchedStream);
}

/** Sets or ends the watch over the query runners of a driver. */
export function watchStatements(driver: object, watch: StatementWatch | undefined): void {
  watches.set(driver, watch);
}

function watchedQuery(query: Query): Query {
  const watched: Query = function (text, ...rest) {
    const watch = watches.of(this.driver);
    if (!watch || this.isReleased) return query.call(this, text, ...rest);
    return watch.query(this, text, () => query.call(this, text, ...rest));
  };
  watched[OWN_QUERY] = query as OwnQuery;
  return watched;
}

function watchedStream(stream: Stream): Stream {
  return function (...given) {
    const watch = watches.of(this.driver);
    if (!watch || this.isReleased) return stream.apply(this, given);
    return watch.stream(this, () => stream.apply(this, given));
  };
}

function watchedRelease(release: Release): Release {
  return function () {
    const watch = watches.of(this.driver);
    return watch && !this.isReleased ? watch.release(this, () => release.call(this)) : release.call(this);
  };
}

/** How a table is emptied; 0.3 has no options. */
export type ClearOptions = { readonly cascade?: boolean };

/** Empties a table in another way than TypeORM's own, which is given. */
export type TableClear = (
  queryRunner: QueryRunner,
  table: Table | string,
  options: ClearOptions | undefined,
  truncate: () => Promise<void>,
) => Promise<void>;

type ClearTable = (this: QueryRunner, table: Table | string, options?: ClearOptions) => Promise<void>;

/**
 * Puts another way of emptying a table in the place of the query runners' `clearTable()`, which sends a TRUNCATE: no
 * event, no builder and no trigger sees that, so that all rows would be gone with their histories still open.
 */
export function replaceTableClear(clear: TableClear): void {
  for (const owner of QUERY_RUNNERS)
    wrapMember(
      owner,
      'clearTable',
      (clearTable: ClearTable): ClearTable =>
        function (table, options) {
          // 0.3 knows of no options, and ignores them.
          const known = clearTable.length > 1 ? options : undefined;
          return clear(this, table, known, () => clearTable.call(this, table, options));
        },
    );
}
