import { type QueryRunner } from 'typeorm';
import { type Session } from './session.js';

/** The connections of a data source, and the transactions on them. */
export interface Sessions {
  /** Whether all query runners of a data source share one connection. */
  readonly sharesConnection: boolean;

  /** The driver's connection of a query runner; undefined until it has one. */
  connectionOf(queryRunner: QueryRunner): object | undefined;

  /** What is known of the session on a connection; the same object each time. */
  of(connection: object): Session;

  /** The BEGIN of a transaction for one write and its revision. */
  readonly begin: string;

  /**
   * Rolls such a transaction back, straight through the driver: a hook around TypeORM's query() might send a statement
   * of its own first, which fails in a failed transaction, so that the connection would go back to the pool with it.
   *
   * @returns the driver's result
   */
  rollBack(queryRunner: QueryRunner): Promise<unknown>;

  /**
   * Restarts a transaction that has read but not written, where its writes would fail on rows newer than its snapshot.
   */
  renewSnapshot?(queryRunner: QueryRunner): Promise<void>;

  /** Removes our own transaction from the status in a driver's result, before the application sees it. */
  hideTransaction?(raw: unknown): void;

  /** Whether a BEGIN failed because a transaction is open. */
  isInTransactionError(error: unknown): boolean;

  /** Asks the server what it is, where driver and version don't tell. Undefined once it has been asked. */
  recognise?(queryRunner: QueryRunner): Promise<void> | undefined;
}
