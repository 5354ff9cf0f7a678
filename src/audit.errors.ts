/**
 * What every error of this library extends, so that an application can tell it from others.
 *
 * @example try { … } catch (error) { if (error instanceof AuditError) … }
 */
export class AuditError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option, decorator or entity that can't be audited as it is; thrown at start-up. */
export class AuditConfigurationError extends AuditError {}

/** The data source's driver is none that revisions can be written with; thrown at start-up. */
export class UnsupportedDriverError extends AuditConfigurationError {
  constructor(driver: string, entity: string) {
    super(
      `${entity} is audited, but the "${driver}" driver is not supported. ` +
        `Use postgres, mysql, mariadb, better-sqlite3 or sqljs, or remove @Audited() from the entities of this data source.`,
    );
  }
}

/** The entity that was asked for has no `@Audited()`, or its data source has no revision table for it. */
export class NotAuditedError extends AuditError {
  constructor(entity: string) {
    super(`${entity} is not audited. Mark it with @Audited() before the data source is initialised.`);
  }
}

/** An argument is malformed, or names nothing that exists: an id, cursor, limit, version or moment. */
export class InvalidArgumentError extends AuditError {
  /** The argument's name, as in the method's signature. */
  readonly argument: string;

  /** @param problem the rest of the sentence that begins with the argument's name: `must be a string, got number.` */
  constructor(argument: string, problem: string) {
    super(`${argument} ${problem}`);
    this.argument = argument;
  }
}

/** A revision, or a record of maintenance, was about to be added through the ORM, by others than the library. */
export class RevisionInsertForbiddenError extends AuditError {
  constructor(revision: string) {
    super(
      `${revision} is written by nestjs-typeorm-audit alone: a revision can't be inserted. Write the audited entity instead, ` +
        `and its revision is written with it.`,
    );
  }
}

/** A revision was about to be changed through the ORM. */
export class RevisionUpdateForbiddenError extends AuditError {
  constructor(revision: string) {
    super(`${revision} is append-only: a revision can't be updated. Change the audited entity instead.`);
  }
}

/** A revision was about to be removed through the ORM. */
export class RevisionDeleteForbiddenError extends AuditError {
  constructor(revision: string) {
    super(
      `${revision} is append-only: a revision can't be deleted. Change or delete the audited entity instead; ` +
        `between tests, empty audited tables and their history with clearAudited(dataSource).`,
    );
  }
}

/** `requireActor` is on and a write to an audited entity had no actor. */
export class ActorRequiredError extends AuditError {
  constructor(entity: string) {
    super(
      `A write to ${entity} has no actor, and requireActor is on. ` +
        `Authenticate the request, wrap the write in AuditContext.run({ actor }, …), or name a defaultActor for writes ` +
        `outside of requests.`,
    );
  }
}

/** The context of a write was asked to change where none is active, or holds a value that can't be stored. */
export class AuditContextError extends AuditError {}

/** A write of an audited entity came without a transaction, so that it and its revision would not be atomic. */
export class TransactionRequiredError extends AuditError {
  constructor(entity: string) {
    super(
      `${entity} is audited and can't be written with { transaction: false }: the entity could be stored without its revision. ` +
        `Remove the option, or run the write inside transaction().`,
    );
  }
}

/** A connection didn't keep a prepared statement; `cause` is the driver's error, with its `code`. */
export class PreparedStatementError extends AuditError {
  constructor(cause: unknown) {
    super(
      `The database connection doesn't keep prepared statements, as behind a pooler in transaction mode ` +
        `(${cause instanceof Error ? cause.message : String(cause)}). Give the audit option preparedStatements: false, ` +
        `or let the pooler pass them on (PgBouncer from 1.21, with max_prepared_statements above 0).`,
      { cause },
    );
  }
}

/**
 * An earlier write of this transaction could not be recorded, so the transaction must not be committed.
 *
 * It has the driver's `code` and `errno` of its cause, by which applications tell what they may try again.
 *
 * @example if (error.code === '40P01') … // a deadlock on PostgreSQL; on MariaDB and MySQL `error.errno === 1213`
 */
export class UnrecordedWriteError extends AuditError {
  /** As in `40001` or `ER_LOCK_DEADLOCK`; undefined where the cause is no error of the driver. */
  readonly code?: string;
  /** As in 1213; undefined where the driver has only codes. */
  readonly errno?: number;

  constructor(cause: unknown) {
    super(
      'A write of this transaction could not be recorded in its history, so the transaction can only be rolled back. See the cause.',
      { cause },
    );
    const { code, errno } = (cause ?? {}) as { code?: unknown; errno?: unknown };
    if (typeof code === 'string') this.code = code;
    if (typeof errno === 'number') this.errno = errno;
  }
}

/** An instance that was read with `history.at()` was about to be written. */
export class HistoricEntityError extends AuditError {
  constructor(entity: string, moment: string) {
    super(
      `This ${entity} was read from the past (${moment}) and can't be written as it is. ` +
        `Call history.restore() to bring it back to that state, or read the ${entity} of today to change it.`,
    );
  }
}

/** A write, or something that might be one, was asked of the past. */
export class HistoryReadOnlyError extends AuditError {
  /** @param operation what was called, with its parentheses */
  constructor(operation: string) {
    super(
      `${operation} can't be used on the past: history.at() only reads. ` +
        `Call history.restore() to bring an entity back, or use the data source's own manager for the present.`,
    );
  }
}

/** A read over HTTP took longer than `endpoints.timeout`, so the database has ended it. It is answered with 503. */
export class ReadTimeoutError extends AuditError {
  constructor(ms: number, options?: { cause?: unknown }) {
    super(
      `The database has ended a read of the history that took longer than ${ms} ms. Ask for a shorter page or a ` +
        `narrower filter, try again when the database is less busy, or raise endpoints.timeout.`,
      options,
    );
  }
}

/** What keeps one row from being brought back. */
export interface RestoreConflict {
  /** The audited name, and the key as `timeline()` takes it. */
  readonly entity: string;
  readonly id: unknown;
  /** `guest_fk of Reservation refers to Guest 7, which no longer exists` · `name "Ritz" is taken by Hotel 7` */
  readonly problem: string;
  /** What helps, where it isn't what helps with most. */
  readonly remedy?: string;
  /** What can't come back, by property, where values are in the way: `{ name: 'Ritz' }`. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/**
 * An entity can't be brought back to a version: something that it refers to no longer exists, or its table doesn't take
 * its values any more. Nothing was written.
 */
export class RestoreConflictError extends AuditError {
  readonly conflicts: readonly RestoreConflict[];

  constructor(what: string, conflicts: readonly RestoreConflict[], options?: { cause?: unknown }) {
    super(
      `${what} can't be restored: ${conflicts.map(({ problem }) => problem).join('; ')}. ` +
        remediesOf(conflicts, 'Restore what is missing, or change what is in the way, and try again.'),
      options,
    );
    this.conflicts = conflicts;
  }
}

/** What keeps one row of a transaction from being put back. */
export interface UndoConflict extends RestoreConflict {
  /** Its last version in the transaction. */
  readonly version: number | null;
  /** Its newest version, and the transaction that made it, where the row has changed since. */
  readonly newerVersion: number | null;
  readonly newerTransaction: string | null;
}

/** A transaction can't be undone as a whole. Nothing of it was. */
export class UndoConflictError extends AuditError {
  readonly conflicts: readonly UndoConflict[];

  constructor(transaction: string, conflicts: readonly UndoConflict[], options?: { cause?: unknown }) {
    super(
      `The transaction ${transaction} can't be undone: ${conflicts.map(({ problem }) => problem).join('; ')}. ` +
        remediesOf(
          conflicts,
          'Undo later transactions first, change what is in the way, or restore single entities.',
        ),
      options,
    );
    this.conflicts = conflicts;
  }
}

function remediesOf(conflicts: readonly RestoreConflict[], general: string): string {
  return [...new Set(conflicts.map(({ remedy = general }) => remedy))].join(' ');
}
