import { AsyncLocalStorage } from 'node:async_hooks';
import { type QueryRunner } from 'typeorm';

/**
 * Opens the transactions that make a query builder's write and its revisions one.
 *
 * Where all query runners share one connection (SQLite), whatever else is written meanwhile would be in such a
 * transaction too, and be lost with it: there all others wait until it ends.
 */
export class TransactionGate {
  private readonly entered = new AsyncLocalStorage<object>();
  private readonly guarded = new WeakSet<QueryRunner>();
  private holder: object | undefined;
  private left: Promise<void> = Promise.resolve();
  /** When the transaction on the shared connection ends, whosever it is; undefined while there is none. */
  private ended: Promise<void> | undefined;

  constructor(private readonly sharesConnection: boolean) {}

  /** Runs in the transaction that is active on the query runner, or in a new one that ends with the function. */
  run<T>(queryRunner: QueryRunner, fn: () => Promise<T>): Promise<T> {
    if (this.sharesConnection) return this.runShared(queryRunner, fn);
    return queryRunner.isTransactionActive ? fn() : transaction(queryRunner, fn);
  }

  private async runShared<T>(queryRunner: QueryRunner, fn: () => Promise<T>): Promise<T> {
    this.guard(queryRunner);
    for (let turn = this.turn(); turn; turn = this.turn(true)) await turn;
    if (queryRunner.isTransactionActive) return fn();
    const holder = {};
    this.holder = holder;
    let leave!: () => void;
    this.left = new Promise((resolve) => (leave = resolve));
    try {
      return await this.entered.run(holder, () => transaction(queryRunner, fn));
    } finally {
      this.holder = undefined;
      leave();
    }
  }

  private get isShut(): boolean {
    return this.holder !== undefined && this.entered.getStore() !== this.holder;
  }

  private async opened(): Promise<void> {
    while (this.isShut) await this.left;
  }

  /**
   * What to wait for before a transaction; undefined when there is nothing. To be asked again after each wait, as
   * others wait for the same.
   *
   * @param hasWaited then it took it that there is no transaction, and can't join that of another who has waited too
   */
  private turn(hasWaited = false): Promise<void> | undefined {
    return this.isShut ? this.left : hasWaited ? this.ended : undefined;
  }

  // The transaction doesn't exist for others: they wait with their statements, and with transactions of their own.
  private guard(queryRunner: QueryRunner): void {
    if (this.guarded.has(queryRunner)) return;
    this.guarded.add(queryRunner);
    const { query, startTransaction } = queryRunner;
    let end: (() => void) | undefined;
    const setActive = (isActive: boolean): void => {
      if (isActive) this.ended ??= new Promise((resolve) => (end = resolve));
      else {
        this.ended = undefined;
        end?.();
      }
    };
    setActive(queryRunner.isTransactionActive);
    Object.defineProperty(queryRunner, 'isTransactionActive', {
      get: () => this.ended !== undefined && !this.isShut,
      set: setActive,
    });
    Object.assign(queryRunner, {
      query: (...given: Parameters<typeof query>): Promise<unknown> =>
        this.isShut
          ? this.opened().then(() => query.apply(queryRunner, given))
          : query.apply(queryRunner, given),
      startTransaction: async (...given: Parameters<typeof startTransaction>): Promise<void> => {
        for (let turn = this.turn(); turn; turn = this.turn(true)) await turn;
        return startTransaction.apply(queryRunner, given);
      },
    });
  }
}

async function transaction<T>(queryRunner: QueryRunner, fn: () => Promise<T>): Promise<T> {
  await queryRunner.startTransaction();
  try {
    const result = await fn();
    await queryRunner.commitTransaction();
    return result;
  } catch (error) {
    // The first error says what happened; a connection that can't roll back has lost the transaction anyway.
    if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}
