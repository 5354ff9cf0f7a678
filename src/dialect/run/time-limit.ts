import { type QueryRunner } from 'typeorm';
import { type Executed } from './executed.js';
import { type Statement } from './statement.js';

/**
 * How the database itself ends a read that takes too long. A shorter limit of the connection's own stays in force, and
 * nothing of ours stays behind on the connection.
 */
export interface TimeLimit {
  /** Whether it is a setting of a transaction, which the read then has to run in. */
  readonly needsTransaction: boolean;

  /** Runs a select that the database ends after so many milliseconds. */
  read(
    queryRunner: QueryRunner,
    statement: Statement,
    values: unknown[],
    ms: number,
  ): Promise<Executed['rows']>;

  /** Whether the database has ended a statement for its time. */
  isExceeded(error: unknown): boolean;
}
