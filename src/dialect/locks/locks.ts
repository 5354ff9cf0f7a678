/** Row locks, and conflicts with other transactions. */
export interface Locks {
  /**
   * Row-lock suffix of a SELECT (`FOR UPDATE`); empty without row locks.
   *
   * @param alias the table whose rows are locked. Default: all tables
   * @param skipLocked skips rows that others hold, instead of waiting
   */
  forUpdate(alias?: string, skipLocked?: boolean): string;

  /** The weaker lock before an UPDATE of columns that no foreign key refers to (`FOR NO KEY UPDATE`). */
  forNoKeyUpdate(alias?: string, skipLocked?: boolean): string;

  /**
   * Suffix of a SELECT that reads the present rows if a plain SELECT reads a snapshot (`LOCK IN SHARE MODE`). It does
   * not reach into subqueries.
   *
   * @param alias reads the present rows of this table only. Default: of all tables
   */
  readNow(alias?: string): string;

  /**
   * A condition that is always true. A SELECT with it holds a table as an INSERT will: without that, an ALTER TABLE that
   * comes between the two deadlocks with the INSERT. Undefined on databases where it does not.
   */
  holding?(table: string): string;

  /**
   * INSERT … SELECT takes gap locks on what it reads (InnoDB, REPEATABLE READ), so versions are read without locks
   * first.
   */
  readonly locksGaps: boolean;

  /**
   * A condition that is true at READ COMMITTED. Undefined on databases whose UPDATE and DELETE wait for the same rows
   * as a locking SELECT.
   */
  readonly isReadCommitted?: string;

  /** Whether the database has ended a transaction to resolve a deadlock. */
  isDeadlock(error: unknown): boolean;

  /** Whether a transaction failed because of another one, so that a retry may succeed. */
  isConflict(error: unknown): boolean;
}
