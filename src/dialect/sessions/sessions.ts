import { type QueryRunner } from 'typeorm';
import { type Session } from './session.js';

/** The connections of a data source, and the transactions on them. */
export interface Sessions {
  /** Whether all query runners of a data source share one connection. */
  readonly sharesConnection: boolean;

  /**
   * The driver's connection of a query runner; undefined until it has one. Without a query runner it is the shared
   * connection, if there is one.
   */
  connectionOf(queryRunner: QueryRunner | undefined): object | undefined;

  /** The session of a connection; always the same object. */
  of(connection: object): Session;

  /** The BEGIN of a transaction for one write and its revision. */
  readonly begin: string;

  /**
   * Rolls the transaction of `begin` back, straight through the driver. A hook around TypeORM's query() might first
   * send a statement of its own. In a failed transaction this statement fails, and the connection would go back to the
   * pool with the open transaction.
   *
   * @returns the driver's result
   */
  rollBack(queryRunner: QueryRunner): Promise<unknown>;

  /** Whether writes fail on rows newer than their transaction's snapshot. Undefined where they never do. */
  guardsSnapshots?(queryRunner: QueryRunner): Promise<boolean>;

  /** Restarts a transaction that has read but not written. Undefined where reads leave no snapshot. */
  renewSnapshot?(queryRunner: QueryRunner): Promise<void>;

  /** Removes our own transaction from the status in a driver's result, before the application sees it. */
  hideTransaction?(raw: unknown): void;

  /** Whether a BEGIN failed because a transaction is open. */
  isInTransactionError(error: unknown): boolean;

  /** Asks the server for its kind, if driver and version don't tell. Undefined if the server has already answered. */
  recognise?(queryRunner: QueryRunner): Promise<void> | undefined;
}
