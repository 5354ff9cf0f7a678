import { AsyncLocalStorage } from 'node:async_hooks';
import { type QueryRunner } from 'typeorm';

/**
 * Opens the transactions that make a query builder's write and its revisions one.
 *
 * Where all query runners share one connection (SQLite), two such transactions at a time would be one, and a
 * rollback of the first would take the second's writes along: there they wait for each other.
 */
export class TransactionGate {
  private readonly entered = new AsyncLocalStorage<object>();
  private holder: object | undefined;
  private left: Promise<void> = Promise.resolve();

  constructor(private readonly sharesConnection: boolean) {}

  /** Runs in the transaction that is active on the query runner, or in a new one that ends with the function. */
  async run<T>(queryRunner: QueryRunner, fn: () => Promise<T>): Promise<T> {
    if (!this.sharesConnection) return queryRunner.isTransactionActive ? fn() : transaction(queryRunner, fn);
    const isInside = this.holder !== undefined && this.entered.getStore() === this.holder;
    while (this.holder && !isInside) await this.left;
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
