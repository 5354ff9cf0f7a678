import pg from 'pg';

interface BusyClient {
  readonly _queryQueue: readonly unknown[];
  _getActiveQuery(): unknown;
}

/**
 * Counts the queries that are sent while their PostgreSQL client is still at another: pg queues them, warns of it
 * once a process, and will cease to.
 */
export function watchOverlaps(): { readonly count: number; stop(): void } {
  const prototype = pg.Client.prototype as unknown as { query(...given: unknown[]): unknown };
  const { query } = prototype;
  const overlaps = {
    count: 0,
    stop: () => {
      prototype.query = query;
    },
  };
  prototype.query = function (this: BusyClient, ...given: unknown[]) {
    if (this._getActiveQuery() || this._queryQueue.length > 0) overlaps.count++;
    return query.apply(this, given);
  };
  return overlaps;
}
