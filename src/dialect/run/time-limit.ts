import { type QueryRunner } from 'typeorm';
import { type Executed } from './executed.js';
import { type Statement } from './statement.js';

/**
 * Makes the database end a read that takes too long. A shorter limit of the connection stays in force. Our limit never
 * stays on the connection.
 */
export interface TimeLimit {
  /** Whether the limit is a setting of the transaction, so that the read must run in one. */
  readonly needsTransaction: boolean;

  /** Runs a SELECT that the database ends after `ms` milliseconds. */
  read(
    queryRunner: QueryRunner,
    statement: Statement,
    values: unknown[],
    ms: number,
  ): Promise<Executed['rows']>;

  /** Whether the database ended a statement because of its time limit. */
  isExceeded(error: unknown): boolean;
}
