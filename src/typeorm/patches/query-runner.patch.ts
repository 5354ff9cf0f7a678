import { type QueryRunner, type Table } from 'typeorm';
import { OWN_QUERY, type OwnQuery } from '../query-runner.js';
import { StateSlot } from '../state-slot.js';
import { tolerantQuery } from '../tolerant-query.js';
import { wrapMember } from '../wrap-member.js';

/** Wraps the statements of a driver's query runners. */
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
const TOLERANT = ['BetterSqlite3QueryRunner', 'SqljsQueryRunner'] as const;
const QUERY_RUNNERS = [...STREAMING, ...TOLERANT] as const;

/**
 * Wraps TypeORM's query runners, so that a watch sees every statement, whoever sends it.
 *
 * TypeORM's public API doesn't report a BEGIN by hand, a statement that nobody awaits, or a `release()` during a write.
 * All of them reach these methods, even from derived classes and wrappers, which call them in the end.
 */
export function extendQueryRunners(): void {
  for (const owner of STREAMING) wrapMember(owner, 'query', watchQuery);
  for (const owner of TOLERANT)
    wrapMember(owner, 'query', (query: Query) => watchQuery(tolerantQuery(query)));
  for (const owner of QUERY_RUNNERS) wrapMember(owner, 'release', watchRelease);
  for (const owner of STREAMING) wrapMember(owner, 'stream', watchStream);
}

/** Sets the watch of a driver's query runners, or removes it. */
export function watchStatements(driver: object, watch: StatementWatch | undefined): void {
  watches.set(driver, watch);
}

function watchQuery(query: Query): Query {
  const watched: Query = function (text, ...rest) {
    const watch = watches.of(this.driver);
    if (!watch || this.isReleased) return query.call(this, text, ...rest);
    return watch.query(this, text, () => query.call(this, text, ...rest));
  };
  watched[OWN_QUERY] = query as OwnQuery;
  return watched;
}

function watchStream(stream: Stream): Stream {
  return function (...given) {
    const watch = watches.of(this.driver);
    if (!watch || this.isReleased) return stream.apply(this, given);
    return watch.stream(this, () => stream.apply(this, given));
  };
}

function watchRelease(release: Release): Release {
  return function () {
    const watch = watches.of(this.driver);
    return watch && !this.isReleased ? watch.release(this, () => release.call(this)) : release.call(this);
  };
}

/** TypeORM's options of `clearTable()`; 0.3 has none. */
export type ClearOptions = { readonly cascade?: boolean };

/** Replaces `clearTable()` of the query runners; gets TypeORM's own method too. */
export type TableClear = (
  queryRunner: QueryRunner,
  table: Table | string,
  options: ClearOptions | undefined,
  truncate: () => Promise<void>,
) => Promise<void>;

type ClearTable = (this: QueryRunner, table: Table | string, options?: ClearOptions) => Promise<void>;

/**
 * Replaces `clearTable()` of the query runners. TypeORM's own sends a TRUNCATE, which no event, builder or trigger
 * sees: all rows would be gone with their histories still open.
 */
export function replaceTableClear(clear: TableClear): void {
  for (const owner of QUERY_RUNNERS)
    wrapMember(
      owner,
      'clearTable',
      (clearTable: ClearTable): ClearTable =>
        function (table, options) {
          // TypeORM 0.3 ignores options.
          const known = clearTable.length > 1 ? options : undefined;
          return clear(this, table, known, () => clearTable.call(this, table, options));
        },
    );
}
