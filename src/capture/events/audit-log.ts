import { type EntityManager, type EntityMetadata } from 'typeorm';
import { AuditConfigurationError, InvalidArgumentError } from '../../audit.errors.js';
import { MAX_ACTOR_LENGTH } from '../../audit.options.js';
import { unstorableIn } from '../../context/unstorable.js';
import { assertOptions, type OptionNames } from '../../option-names.js';
import { MAX_OUTCOME_LENGTH } from '../../revision/audit-event.js';
import { type Capture } from '../intercept/capture.js';
import { insertEvents } from '../writer/insert-events.js';

/** Something that happened and is not the change of a row. */
export interface LoggedEvent {
  /** What happened, by name: 1 to 255 characters, not all blank. */
  action: string;
  /** How it ended, such as `success`, `failure` or `denied`: at most 16 characters. */
  outcome?: string | null;
  /** What it was done to, in the application's words: at most 255 characters. */
  target?: string | null;
  /** More about it: an object, stored as JSON. */
  details?: Record<string, unknown> | null;
}

/** How an event is recorded. */
export interface RecordOptions {
  /**
   * The manager of the transaction that the event belongs to.
   * @default none: it is written on its own
   */
  manager?: EntityManager;
}

const EVENT: OptionNames<LoggedEvent> = { action: true, outcome: true, target: true, details: true };
const OPTIONS: OptionNames<RecordOptions> = { manager: true };

/** Records what is not the change of a row, such as a login that failed or an export: rows of `audit_event`. */
export class AuditLog {
  constructor(private readonly capture: Capture) {}

  /**
   * Records an event, with the actor and request of the context.
   *
   * Without a manager it is written on its own, whatever becomes of the caller's transaction. With the manager of a
   * transaction it is part of that, has its `rev_transaction`, and is rolled back with it. SQLite has one connection: an
   * open transaction on it takes every event along.
   *
   * @throws InvalidArgumentError naming 'event', 'options', or the property: 'action', 'outcome', 'target', 'details'
   * @throws AuditContextError when the actor of the context can't be stored
   * @example await log.record({ action: 'login', outcome: 'failure', target: email });
   */
  async record(event: LoggedEvent, options: RecordOptions = {}): Promise<void> {
    assertOptions('event', event, EVENT);
    assertOptions('options', options, OPTIONS);
    assertText('action', event.action, MAX_ACTOR_LENGTH);
    if (event.action.trim() === '')
      throw new InvalidArgumentError(
        'action',
        `must not be blank, got "${event.action}". Name what happened.`,
      );
    assertText('outcome', event.outcome ?? '', MAX_OUTCOME_LENGTH);
    assertText('target', event.target ?? '', MAX_ACTOR_LENGTH);
    assertDetails(event.details ?? {});
    const { capture } = this;
    const given = options.manager?.queryRunner;
    const queryRunner = given ?? capture.dataSource.createQueryRunner();
    try {
      await capture.whenReady(
        queryRunner,
        () => capture.tables.beforeWrite(queryRunner),
        (who) =>
          capture.units.run(queryRunner, (unit) =>
            insertEvents(capture, this.table, unit, [event], capture.contextOf(who)),
          ),
      );
    } finally {
      if (!given) await queryRunner.release();
    }
  }

  private get table(): EntityMetadata {
    const { own } = this.capture.plans;
    if (own) return own.event;
    throw new AuditConfigurationError(
      'The data source has no audited entity, and so no table audit_event. Mark an entity with @Audited().',
    );
  }
}

function assertDetails(details: unknown): void {
  if (typeof details !== 'object' || Array.isArray(details))
    throw new InvalidArgumentError(
      'details',
      `must be an object such as { rows: 3 }, got ${Array.isArray(details) ? 'an array' : typeof details}.`,
    );
}

function assertText(argument: 'action' | 'outcome' | 'target', value: unknown, most: number): void {
  if (typeof value !== 'string')
    throw new InvalidArgumentError(argument, `must be a string, got ${typeof value}.`);
  if (value.length > most)
    throw new InvalidArgumentError(argument, `must have at most ${most} characters, got ${value.length}.`);
  const unstorable = unstorableIn(value);
  if (unstorable !== undefined)
    throw new InvalidArgumentError(
      argument,
      `has the character ${unstorable}, which a database can't store as text. Remove it.`,
    );
}
