import { type Revision } from './history/types/revision.js';

const ACTOR_REMEDY =
  'Authenticate the request, wrap the write in AuditContext.run({ actor }, …), or name a defaultActor for writes ' +
  'outside of requests.';
const REASON_REMEDY =
  'Call AuditContext.set({ reason }) in the request, or wrap the write in AuditContext.run({ reason }, …).';

// What switches the history off, and the remedy.
const SWITCHES = {
  without: ['by AuditContext.without()', 'Take the write out of without()'],
  when: ['by @Audited({ when })', 'Let when accept the write'],
  listeners: ['by { listeners: false }', 'Remove that option of save() or remove()'],
} as const;

/**
 * The base class of this library's errors, so that an application can tell them from others.
 *
 * @example try { … } catch (error) { if (error instanceof AuditError) … }
 */
export class AuditError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown at start-up when an option, a decorator or an entity can't be audited as it is. */
export class AuditConfigurationError extends AuditError {}

/** Thrown at start-up when revisions can't be written with the data source's driver. */
export class UnsupportedDriverError extends AuditConfigurationError {
  constructor(driver: string, entity: string) {
    super(
      `${entity} is audited, but the "${driver}" driver is not supported. ` +
        `Use postgres, mysql, mariadb, better-sqlite3 or sqljs, or remove @Audited() from the entities of this data source.`,
    );
  }
}

/** Thrown when an entity has no `@Audited()`, or its data source has no revision table for it. */
export class NotAuditedError extends AuditError {
  constructor(entity: string) {
    super(`${entity} is not audited. Mark it with @Audited() before the data source is initialised.`);
  }
}

/** Thrown when an argument is malformed or names nothing that exists: an id, an option, a version or a moment. */
export class InvalidArgumentError extends AuditError {
  /**
   * The name of the argument or option, as in the method's signature, such as 'options' where it has an unknown one; over
   * HTTP of the parameter or field.
   */
  readonly argument: string;

  /** @param problem the rest of the sentence that begins with the argument's name: `must be a string, got number.` */
  constructor(argument: string, problem: string) {
    super(`${argument} ${problem}`);
    this.argument = argument;
  }
}

/** Thrown when the application inserts a revision or a `MaintenanceRecord` through the ORM. */
export class RevisionInsertForbiddenError extends AuditError {
  constructor(revision: string) {
    super(
      `${revision} is written by nestjs-typeorm-audit alone: a revision can't be inserted. Write the audited entity instead, ` +
        `and its revision is written with it.`,
    );
  }
}

/** Thrown when the application updates a revision through the ORM. */
export class RevisionUpdateForbiddenError extends AuditError {
  constructor(revision: string) {
    super(`${revision} is append-only: a revision can't be updated. Change the audited entity instead.`);
  }
}

/** Thrown when the application deletes a revision through the ORM. */
export class RevisionDeleteForbiddenError extends AuditError {
  constructor(revision: string) {
    super(
      `${revision} is append-only: a revision can't be deleted. Change or delete the audited entity instead; ` +
        `between tests, empty audited tables and their history with clearAudited(dataSource).`,
    );
  }
}

/** An audited entity: its audited name, and the name of its class. */
interface AuditedName {
  readonly name: string;
  readonly metadata: { readonly name: string };
}

/** Thrown when `requireActor` is on and a write to an audited entity has no actor. */
export class ActorRequiredError extends AuditError {
  /** The audited name of the entity, as in `Revision.entity`. */
  readonly entity: string;
  /** Whether a reason is required and missing too. */
  readonly lacksReason: boolean;

  constructor({ name, metadata }: AuditedName, lacksReason = false) {
    super(
      lacksReason
        ? `A write to ${metadata.name} has no actor and no reason, and requireActor and requireReason are on. ` +
            `${ACTOR_REMEDY} ${REASON_REMEDY}`
        : `A write to ${metadata.name} has no actor, and requireActor is on. ${ACTOR_REMEDY}`,
    );
    this.entity = name;
    this.lacksReason = lacksReason;
  }
}

/** Thrown when `requireReason` is on and a write to an audited entity has no reason. */
export class ReasonRequiredError extends AuditError {
  /** The audited name of the entity, as in `Revision.entity`. */
  readonly entity: string;

  constructor({ name, metadata }: AuditedName) {
    super(`A write to ${metadata.name} has no reason, and requireReason is on. ${REASON_REMEDY}`);
    this.entity = name;
  }
}

/**
 * Thrown with `skips: 'refuse'` when a write to an audited entity would be left out of the history. Nothing was written,
 * or the transaction can only be rolled back.
 */
export class SkippedWriteError extends AuditError {
  /** The audited name of the entity, as in `Revision.entity`. */
  readonly entity: string;
  /** What leaves the write out, as in the details of the event `audit.skipped`. */
  readonly by: 'without' | 'when' | 'listeners';

  constructor({ name, metadata }: AuditedName, by: 'without' | 'when' | 'listeners') {
    super(
      `A write to ${metadata.name} would be left out of the history ${SWITCHES[by][0]}, and skips is 'refuse'. ` +
        `${SWITCHES[by][1]}, or give skips: 'record', which leaves an event instead.`,
    );
    this.entity = name;
    this.by = by;
  }
}

/** Thrown when the context is changed where none is active, or when it holds a value that can't be stored. */
export class AuditContextError extends AuditError {}

/** Thrown when an audited entity is written without a transaction: the write and its revision would not be atomic. */
export class TransactionRequiredError extends AuditError {
  constructor(entity: string) {
    super(
      `${entity} is audited and can't be written with { transaction: false }: the entity could be stored without its revision. ` +
        `Remove the option, or run the write inside transaction().`,
    );
  }
}

/** Thrown when a connection didn't keep a prepared statement. `cause` is the driver's error, with its `code`. */
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
 * Thrown when an earlier write of this transaction could not be recorded, so the transaction must not be committed.
 *
 * It has the `code` and `errno` of the driver's error, by which an application decides whether to try again.
 *
 * @example if (error.code === '40P01') … // a deadlock on PostgreSQL; on MariaDB and MySQL `error.errno === 1213`
 */
export class UnrecordedWriteError extends AuditError {
  /** For example `40001` or `ER_LOCK_DEADLOCK`; undefined where the cause is not an error of the driver. */
  readonly code?: string;
  /** For example 1213; undefined where the driver has only codes. */
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

/** Thrown when the application writes an instance that it has read with `history.at()`. */
export class HistoricEntityError extends AuditError {
  constructor(entity: string, moment: string) {
    super(
      `This ${entity} was read from the past (${moment}) and can't be written as it is. ` +
        `Call history.restore() to bring it back to that state, or read the ${entity} of today to change it.`,
    );
  }
}

/** Thrown when the application calls a method on the past that writes, or may write. */
export class HistoryReadOnlyError extends AuditError {
  /** @param operation the name of the method, with its parentheses */
  constructor(operation: string) {
    super(
      `${operation} can't be used on the past: history.at() only reads. ` +
        `Call history.restore() to bring an entity back, or use the data source's own manager for the present.`,
    );
  }
}

/** Thrown when a read over HTTP takes longer than `endpoints.timeout` and the database ends it. The answer is 503. */
export class ReadTimeoutError extends AuditError {
  constructor(ms: number, options?: { cause?: unknown }) {
    super(
      `The database has ended a read of the history that took longer than ${ms} ms. Ask for a shorter page or a ` +
        `narrower filter, try again when the database is less busy, or raise endpoints.timeout.`,
      options,
    );
  }
}

/** Thrown by `history.describe()` when `actorLabel` or a `label` of an entity fails, or returns something else than names. */
export class LabelError extends AuditError {}

/** Why one row can't be restored, or not be put back by an undo. */
export interface RestoreConflict {
  /** The audited name of the entity, as in `Revision.entity`. */
  readonly entity: string;
  /** Its key, as `timeline()` takes it and `Revision.entityId` has it. */
  readonly id: unknown;
  /** `Reservation 1 has changed since version 2, in version 3` · `name "Ritz" is taken by Hotel 7` */
  readonly problem: string;
  /**
   * The version that had to be the newest: `expectedVersion`, or the newest that the transaction to undo has made.
   * Absent for a restore without `expectedVersion`.
   */
  readonly version?: number;
  /**
   * The revisions of the row after `version`, newest first, at most 20. Only where the row has changed since.
   *
   * @example [{ version: 3, actor: 'ann', createdAt: …, changes: [{ property: 'party', from: 6, to: 4 }], … }]
   */
  readonly changedSince?: readonly Revision[];
  /** The remedy for this conflict; undefined where the general one in the error's message helps. */
  readonly remedy?: string;
  /** The values that can't come back, by property: `{ name: 'Ritz' }`. Only where values are in the way. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/**
 * Thrown when an entity can't be restored: it has changed since `expectedVersion`, a row that it refers to no longer
 * exists, or its table no longer takes its values. Nothing was written.
 *
 * @example if (error instanceof RestoreConflictError) return error.conflicts.flatMap(({ changedSince = [] }) => changedSince);
 */
export class RestoreConflictError extends AuditError {
  readonly conflicts: readonly RestoreConflict[];

  constructor(what: string, conflicts: readonly RestoreConflict[], options?: { cause?: unknown }) {
    super(
      `${what} can't be restored: ${problemsOf(conflicts)}. ` +
        remediesOf(conflicts, 'Restore what is missing, or change what is in the way, and try again.'),
      options,
    );
    this.conflicts = conflicts;
  }
}

/** Thrown when a transaction can't be undone as a whole. Nothing of it was undone. */
export class UndoConflictError extends AuditError {
  /** Every row that is in the way. */
  readonly conflicts: readonly RestoreConflict[];
  /** The transaction that was to be undone. */
  readonly transaction: string;

  constructor(transaction: string, conflicts: readonly RestoreConflict[], options?: { cause?: unknown }) {
    super(
      `The transaction ${transaction} can't be undone: ${problemsOf(conflicts)}. ` +
        remediesOf(
          conflicts,
          'Undo later transactions first, change what is in the way, or restore single entities.',
        ),
      options,
    );
    this.conflicts = conflicts;
    this.transaction = transaction;
  }
}

// A transaction may have any number of rows.
const MOST_PROBLEMS = 10;

function problemsOf(conflicts: readonly RestoreConflict[]): string {
  const named = conflicts.slice(0, MOST_PROBLEMS).map(({ problem }) => problem);
  const others = conflicts.length - named.length;
  return [...named, ...(others > 0 ? [`and ${others} more`] : [])].join('; ');
}

function remediesOf(conflicts: readonly RestoreConflict[], general: string): string {
  return [...new Set(conflicts.map(({ remedy = general }) => remedy))].join(' ');
}
