import { type QueryRunner } from 'typeorm';
import { type Executed } from './executed.js';
import { type Refusal } from './refusal.js';
import { type ParameterStyle, type Statement } from './statement.js';
import { type TimeLimit } from './time-limit.js';

/** Runs statements, and says what came of them. */
export interface Run extends ParameterStyle {
  /** Runs a statement; a named one is prepared on the connection where that pays. */
  execute(queryRunner: QueryRunner, statement: Statement, values: unknown[]): Promise<Executed>;

  /** Runs a SELECT of the application's columns, whose types a migration may change meanwhile; prepared likewise. */
  read(queryRunner: QueryRunner, statement: Statement, values: unknown[]): Promise<Executed['rows']>;

  /** How the database stops a read that takes too long; undefined where it can't. */
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
