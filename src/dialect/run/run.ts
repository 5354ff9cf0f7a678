import { type QueryRunner } from 'typeorm';
import { type Executed } from './executed.js';
import { type Refusal } from './refusal.js';
import { type ParameterStyle, type Statement } from './statement.js';
import { type TimeLimit } from './time-limit.js';

/** Runs statements, and interprets their errors. */
export interface Run extends ParameterStyle {
  /** Runs a statement. A named one is prepared on the connection if that is faster. */
  execute(queryRunner: QueryRunner, statement: Statement, values: unknown[]): Promise<Executed>;

  /**
   * Runs a SELECT of the application's columns, prepared like `execute()`. A migration may change the columns' types.
   */
  read(queryRunner: QueryRunner, statement: Statement, values: unknown[]): Promise<Executed['rows']>;

  /** Makes the database end a read that takes too long; undefined if it can't. */
  readonly timeLimit?: TimeLimit;

  /** Why the database refused the values of a row; undefined for any other error. */
  refusal(error: unknown): Refusal | undefined;

  /** Deletes all rows of tables in the runner's transaction, whatever foreign keys connect them. */
  deleteAll(queryRunner: QueryRunner, tables: readonly string[]): Promise<void>;

  /** Whether TRUNCATE has CASCADE, which empties the referring tables too. */
  readonly truncatesCascading: boolean;

  /** Whether ON DELETE CASCADE may leave referring rows behind. */
  readonly leavesChildren?: boolean;
}
