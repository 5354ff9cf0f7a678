import { type DataSource } from 'typeorm';

/** Watches which connections are taken from the data source's pool; SQLite has none. */
export class PoolWatch {
  private taken = 0;
  private inUse = 0;
  private peak = 0;

  constructor(private readonly dataSource: DataSource) {
    const { driver } = dataSource as any;
    const pool = driver.master ?? driver.pool;
    pool?.on('acquire', () => {
      this.taken++;
      this.peak = Math.max(this.peak, ++this.inUse);
    });
    pool?.on('release', () => this.inUse--);
  }

  begin(): void {
    this.taken = 0;
    this.inUse = 0;
    this.peak = 0;
  }

  /** What the scenario took, and what it has left behind. */
  get state(): Record<string, unknown> {
    const { driver, options } = this.dataSource as any;
    if (options.type === 'postgres') {
      const { totalCount, idleCount, waitingCount } = driver.master;
      return { ...this.counts, notBack: totalCount - idleCount, waiting: waitingCount };
    }
    if (options.type === 'better-sqlite3')
      return {
        inTransaction: driver.databaseConnection.inTransaction,
        believesInTransaction: driver.createQueryRunner('master').isTransactionActive,
      };
    const { _allConnections, _freeConnections, _connectionQueue } = driver.pool;
    return {
      ...this.counts,
      notBack: _allConnections.length - _freeConnections.length,
      waiting: _connectionQueue.length,
    };
  }

  /** Whether the next scenario would find everything as this one did. */
  get isClean(): boolean {
    const { notBack, waiting, inTransaction, believesInTransaction } = this.state;
    return !notBack && !waiting && !inTransaction && !believesInTransaction;
  }

  private get counts(): Record<string, number> {
    return { taken: this.taken, peak: this.peak };
  }
}
