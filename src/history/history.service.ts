import { Injectable, Optional } from '@nestjs/common';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type AuditOptions } from '../audit.options.js';
import { type Snapshot } from '../revision/types/snapshot.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { knowShapesToRead } from '../audited/shapes/know-shapes.js';
import { classFilter } from './revisions/class-filter.js';
import { historyOf } from './history.js';
import { type Reading, readingRunner } from './revisions/reading.js';
import { restore } from './restore/restore.js';
import { type Change } from './types/change.js';
import { type Revision } from './types/revision.js';
import { type ReadFeed, type ReadTransaction } from './types/feed.js';
import { type TransactionSummary } from './types/transaction-summary.js';
import { readSummary } from './feed/summary.js';
import { type DescribeOptions } from './types/describe.js';
import { type EntityId, type IdIn } from './types/entity-id.js';
import {
  type RestoreOptions,
  type UndoOptions,
  type UndoPage,
  type UndoPageOptions,
} from './types/restore.js';
import { type ReadTimeline } from './types/timeline.js';
import { rowOf, rowsOf } from './revisions/row-of.js';
import { type RowRevisions } from './revisions/row-revisions.js';
import { feedReader, transactionReader } from './feed/feed-readers.js';
import { timelineReader } from './timeline/timeline-reader.js';
import { type EntityMoment, type Moment } from './types/moment.js';
import { TimeTravel } from './time-travel/time-travel.js';
import { undo } from './undo/undo.js';
import { ActorLabels } from './words/actor-labels.js';
import { describe, type WordSources } from './words/describe.js';

/**
 * Reads the committed history of audited entities, through the data source's pool.
 *
 * Name an entity by its class, its EntitySchema or its name, and a row by an `EntityId`. A child class of a
 * single-table inheritance finds only its own rows, and only versions in which a row was of that class. The root finds
 * all.
 */
@Injectable()
export class HistoryService {
  /** The revisions of one entity. */
  readonly timeline: ReadTimeline;

  /** The revisions of all entities. */
  readonly feed: ReadFeed;

  /** The revisions of one transaction. */
  readonly transaction: ReadTransaction;

  private readonly sources: WordSources;

  /**
   * @param timeout after how many milliseconds the database ends a statement that reads revisions; by default never
   * @param names the names and words of `describe()`
   */
  constructor(
    private readonly dataSource: DataSource,
    @Optional() private readonly timeout?: number,
    @Optional() names: Pick<AuditOptions, 'actorLabel' | 'words'> = {},
  ) {
    this.sources = { actors: new ActorLabels(names.actorLabel), words: names.words };
    const reading = (): Promise<Reading> => this.reading();
    this.timeline = timelineReader(reading);
    this.feed = feedReader(reading);
    this.transaction = transactionReader(reading);
  }

  /**
   * One revision of an entity, or null if there is none of that version.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', 'version'
   * @example await history.revision(Reservation, 1, 2) // → { version: 2, operation: 'update', … }
   */
  async revision<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<NoInfer<E>>,
    version: number,
  ): Promise<Revision<E> | null> {
    return (await (await this.row(entity, id)).ofVersion(version)) ?? null;
  }

  /**
   * The newest revision of an entity, or null if it has no history.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id'
   * @example (await history.latest(Reservation, 1))?.actor // → 'ann'
   */
  async latest<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<NoInfer<E>>,
  ): Promise<Revision<E> | null>;
  /**
   * The newest revisions of several entities, by one query for each 100 of them.
   *
   * @returns the ids as they were given, in their order, with their newest revision, or null if there is none
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id'
   * @example (await history.latest(Reservation, [1, 2])).get(2)?.actor // → 'ann'
   */
  async latest<E extends ObjectLiteral, Id extends EntityId<NoInfer<E>>>(
    entity: EntityTarget<E>,
    ids: readonly Id[],
  ): Promise<Map<IdIn<Id>, Revision<E> | null>>;
  async latest<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId | readonly EntityId[],
  ): Promise<Revision<E> | null | Map<EntityId, Revision<E> | null>> {
    if (!Array.isArray(id)) return (await (await this.row(entity, id as EntityId)).newest()) ?? null;
    const ids = id as EntityId[];
    const { all } = rowsOf(await this.reading(), entity, ids);
    const found = await all.read({ order: 'DESC', limit: 1 });
    return new Map(ids.map((each, n) => [each, found[n].at(0) ?? null]));
  }

  /**
   * The differences between two versions of an entity. In a version that deleted it, all properties count as null.
   *
   * @param from the version whose values are `from` in the changes
   * @param to the version whose values are `to` in the changes
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', or 'from' or 'to' when there is no such version
   * @example await history.diff(Reservation, 1, 1, 3) // → [{ property: 'party', from: 6, to: 4 }]
   */
  async diff<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<NoInfer<E>>,
    from: number,
    to: number,
  ): Promise<Change<E>[]> {
    return (await (await this.row(entity, id)).diff(from, to)) as Change<E>[];
  }

  /**
   * The entity as it was at a moment, or null if it did not exist then.
   *
   * It is an instance of its class without its relations. A join column without a property has its database name. A
   * soft-deleted entity comes with its delete date.
   *
   * `@UpdateDateColumn()` is set before the revision is made, so `asOf(updatedAt)` may give the version before. Pass
   * `latest()` to get the present row. `@AfterLoad()` doesn't run, because the relations are missing; `at()` runs it.
   *
   * @param at a Date (a revision made in that millisecond counts), a version number, or a revision of the entity
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', 'at'
   * @example await history.asOf(Reservation, 1, new Date('2015-04-03')) // → Reservation { id: 1, party: 4, guest_fk: 7 }
   */
  async asOf<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<NoInfer<E>>,
    at: EntityMoment,
  ): Promise<Snapshot<E> | null> {
    return (await this.row(entity, id)).entityAsOf(at);
  }

  /**
   * The data source as it was at a moment, for reading with find options, relations and query builders.
   *
   * @param at a Date (a revision made in that millisecond counts), or a revision or { transaction }, for the state
   *   just after it
   * @throws InvalidArgumentError naming 'at'. If the revision or transaction doesn't exist, the first read throws it.
   * @example
   * await history.at(new Date('2015-04-03')).find(Reservation, { where: { party: 4 }, relations: { guest: true } })
   * // → [Reservation { id: 1, party: 4, guest: Guest { … } }]
   */
  at(at: Moment): TimeTravel {
    return new TimeTravel(this.dataSource, at);
  }

  /**
   * Who wrote what in a database transaction: its changesets, by one query of `audit_changeset`. A transaction that was
   * written before this library had changesets is sought in all tables, and has no `onBehalf`, `action` and `request`.
   *
   * @returns null for an unknown transaction
   * @throws InvalidArgumentError naming the argument: 'transaction' (not a transaction id)
   * @example await history.changeset(revision.transaction)
   * // → { id: '01a2…', createdAt: Date, actor: 'ann', onBehalf: null, action: 'order.cancel', request: 'r1', entities: ['order'] }
   */
  async changeset(id: string): Promise<TransactionSummary | null> {
    return readSummary(await this.reading(), id);
  }

  /**
   * What revisions say, each in a sentence as one would tell it: who did what to which entity, and what changed. Rows
   * that a revision refers to are called as they were called then.
   *
   * An array takes one query for each table in it, one for each table that is referred to (and for each 100 states of
   * it), and one call of `actorLabel`.
   *
   * @returns a sentence for a revision, an array of sentences for an array
   * @throws InvalidArgumentError naming the argument: 'revision', 'options', 'locale', 'timeZone'
   * @throws LabelError when `actorLabel` or a `label` fails
   * @example await history.describe(revision)
   * // → 'Ann cancelled order 17: status paid → cancelled, customer Meyer → Huber'
   */
  describe(revision: Revision<any>, options?: DescribeOptions): Promise<string>;
  describe(revisions: readonly Revision<any>[], options?: DescribeOptions): Promise<string[]>;
  async describe(
    given: Revision<any> | readonly Revision<any>[],
    options: DescribeOptions = {},
  ): Promise<string | string[]> {
    const reading = await this.reading();
    if (Array.isArray(given))
      return describe(reading, this.sources, given as readonly Revision<any>[], options);
    return (await describe(reading, this.sources, [given as Revision<any>], options))[0];
  }

  /**
   * Restores an earlier state of an entity, as a new revision: an `update`, or an `insert` of a deleted entity, which comes
   * back under its old key. The operation `restore` is something else, the end of a soft delete.
   *
   * The database copies the recorded values itself, creation and update dates too. No listeners run. A
   * `@VersionColumn()` counts on. Unaudited and masked columns keep their present values. In an entity that comes back
   * from a delete they get their defaults.
   *
   * @param at a version, a revision, or a Date (its whole millisecond counts)
   * @returns the new revision (with `dryRun` the revision that it would make), or null if nothing had to change. Its
   *   reason is `restore of version 3`, unless the context has one.
   * @throws RestoreConflictError when the entity has changed since `expectedVersion`, refers to a row that no longer
   *   exists, lacks a value that its table demands, or has a value that another row holds or the table no longer
   *   accepts; nothing was written
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', an option, or 'at' when the entity didn't exist then
   * @example await history.restore(Reservation, 1, 2) // → { version: 5, reason: 'restore of version 2', … }
   * @example await history.restore(Reservation, 1, 2, { expectedVersion: 5, properties: ['party'] })
   */
  async restore<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<NoInfer<E>>,
    at: EntityMoment,
    options: RestoreOptions<NoInfer<E>> = {},
  ): Promise<Revision<E> | null> {
    await this.knowShapes();
    const plan = auditPlansOf(this.dataSource).get(entity);
    return restore(this.dataSource, plan, id, at, classFilter(this.dataSource, plan, [entity]), options);
  }

  /**
   * Undoes a transaction of many rows, and returns a page of the new revisions.
   *
   * @throws InvalidArgumentError naming 'limit' or 'cursor' too
   * @example await history.undo(revision.transaction, { dryRun: true, limit: 50 })
   * // → { count: 20000, items: [{ entity: 'reservation', operation: 'delete', … }, …], nextCursor: '…' }
   */
  undo(transaction: string, options: UndoPageOptions): Promise<UndoPage>;
  /**
   * Undoes all writes of a transaction, in one transaction. Inserted rows are removed, deleted rows come back under
   * their old keys, updated rows get the version before.
   *
   * Unique values that rows had exchanged, as in a swap, are exchanged back. On the way a row may have a temporary
   * value, which is not recorded.
   *
   * @returns the new revisions; with `dryRun` the revisions that it would make. Their reason is `undo of <id>`, unless
   *   the context has one.
   * @throws UndoConflictError naming every row that has changed since, or the other obstacles; nothing was written
   * @throws InvalidArgumentError 'transaction', when it has no revisions to undo
   * @example await history.undo(revision.transaction) // → [{ entity: 'reservation', operation: 'delete', … }]
   */
  undo(transaction: string, options?: UndoOptions): Promise<Revision[]>;
  async undo(
    transaction: string,
    options: UndoOptions | UndoPageOptions = {},
  ): Promise<Revision[] | UndoPage> {
    await this.knowShapes();
    return undo(this.dataSource, transaction, options);
  }

  // The first reader of a process that hasn't written yet.
  private async knowShapes(): Promise<void> {
    const plans = auditPlansOf(this.dataSource);
    if (plans.areShapesKnown) return;
    const queryRunner = readingRunner(this.dataSource);
    try {
      await knowShapesToRead(plans, queryRunner);
    } finally {
      await queryRunner.release();
    }
  }

  private async reading(): Promise<Reading> {
    await this.knowShapes();
    return historyOf(this.dataSource).reading(this.dataSource, { timeout: this.timeout });
  }

  private async row<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<E>,
  ): Promise<RowRevisions<E>> {
    return rowOf(await this.reading(), entity, id);
  }
}
