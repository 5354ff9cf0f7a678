import { Injectable, Optional } from '@nestjs/common';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { auditPlansOf } from '../audited/audit-plans.js';
import { classFilter } from './revisions/class-filter.js';
import { readFeed, readTransactionPage } from './feed/feed.js';
import { keyOf } from './arguments/key-of.js';
import { historyOf } from './history.js';
import { type Reading } from './revisions/reading.js';
import { restore } from './restore/restore.js';
import {
  type Change,
  type ChangesOptions,
  type EntityId,
  type Page,
  type RestoreOptions,
  type Revision,
  type TimelineOptions,
  type TransactionOptions,
  type UndoOptions,
} from './history.types.js';
import { RowRevisions } from './revisions/row-revisions.js';
import { type Moment, TimeTravel } from './time-travel/time-travel.js';
import { readTimeline } from './timeline/timeline.js';
import { undo } from './undo/undo.js';

/**
 * Reads the history of audited entities: what has been committed, through the data source's pool.
 *
 * An entity is named by its class, its EntitySchema or its name, and an id as `EntityId` says. A child class of a
 * single-table inheritance answers for its own rows only, and only for versions in which a row was of that class; the
 * root answers for all.
 */
@Injectable()
export class HistoryService {
  /** @param timeout after how many milliseconds the database ends a statement that reads revisions; by default never */
  constructor(
    private readonly dataSource: DataSource,
    @Optional() private readonly timeout?: number,
  ) {}

  /**
   * The revisions of one entity, newest first, in pages.
   *
   * A page costs one indexed query however long the history is. It takes another only where the database and the
   * entity disagree on what a filter means (json with its keys in another order is no change, `Ann` is not `ann`),
   * and to find the end of a pruned history.
   *
   * @returns an empty page for an entity that has no history
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', 'limit', 'cursor', 'order', 'from', 'to', 'actor', 'property'
   * @example
   * const { items, nextCursor } = await history.timeline(Reservation, 1, { limit: 2, property: 'party' });
   * // items → [{ version: 3, actor: 'ann', changes: [{ property: 'party', from: 6, to: 4 }], snapshot: Reservation { … }, … }, …]
   * const rest = await history.timeline(Reservation, 1, { limit: 2, property: 'party', cursor: nextCursor });
   */
  async timeline<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId,
    options: TimelineOptions = {},
  ): Promise<Page<Revision<E>>> {
    return readTimeline(this.row(entity, id), options);
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
    id: EntityId,
    version: number,
  ): Promise<Revision<E> | null> {
    return (await this.row(entity, id).ofVersion(version)) ?? null;
  }

  /**
   * The newest revision of an entity, or null if it has no history.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id'
   * @example (await history.latest(Reservation, 1))?.actor // → 'ann'
   */
  async latest<E extends ObjectLiteral>(entity: EntityTarget<E>, id: EntityId): Promise<Revision<E> | null> {
    return (await this.row(entity, id).newest()) ?? null;
  }

  /**
   * What differs between two versions of an entity. A version that deleted it counts as all null.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', or 'from' or 'to' when there is no such version
   * @example await history.diff(Reservation, 1, 1, 3) // → [{ property: 'party', from: 6, to: 4 }]
   */
  async diff(entity: EntityTarget<any>, id: EntityId, from: number, to: number): Promise<Change[]> {
    return this.row(entity, id).diff(from, to);
  }

  /**
   * The entity as it was at a moment, or null if it did not exist then.
   *
   * It is an instance of its class without its relations; their join columns have their database names where they
   * have no property. A soft-deleted one comes with its delete date.
   *
   * `@UpdateDateColumn()` is set before the revision is made, so as of a row's `updatedAt` it may be the version before;
   * as of `latest()` it is the row. `@AfterLoad()` doesn't run on it, as it has no relations: `at()` runs it.
   *
   * @param at a Date (a revision made in that millisecond counts), a version number, or a revision of the entity
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', 'at'
   * @example await history.asOf(Reservation, 1, new Date('2015-04-03')) // → Reservation { id: 1, party: 4, guest_fk: 7 }
   */
  async asOf<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId,
    at: Date | number | Pick<Revision, 'version'>,
  ): Promise<E | null> {
    return this.row(entity, id).entityAsOf(at);
  }

  /**
   * The data source as it was at a moment, for reading with find options, relations and query builders.
   *
   * @param moment a Date (a revision made in that millisecond counts), a revision, or { transaction }: the state just
   * after it
   * @throws InvalidArgumentError naming 'at'; when there is no such revision or transaction, from what reads there
   * @example
   * await history.at(new Date('2015-04-03')).find(Reservation, { where: { party: 4 }, relations: { guest: true } })
   * // → [Reservation { id: 1, party: 4, guest: Guest { … } }]
   */
  at(moment: Moment): TimeTravel {
    return new TimeTravel(this.dataSource, moment);
  }

  /**
   * The revisions of all audited entities, newest first, in pages: what happened.
   *
   * A page costs one query, which reads each table by its primary key, whose order is that of time. It takes another
   * where the database takes `Ann` for the actor `ann`, and with more than some 25 audited tables. `from` and `to`
   * take the clocks of all servers to agree to within an hour.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'limit', 'cursor', 'from', 'to', 'actor', 'transaction', 'operation'
   * @example
   * const { items } = await history.changes({ actor: 'ann', from: new Date('2026-11-23') });
   * // items → [{ entity: 'reservation', entityId: 1, version: 3, operation: 'update', changes: […], … }, …]
   */
  async changes(options: ChangesOptions = {}): Promise<Page<Revision>> {
    return readFeed(this.reading, options);
  }

  /**
   * The revisions of one database transaction, in the order in which they were made, in pages; none for an unknown one.
   *
   * @throws InvalidArgumentError naming the argument: 'transaction', when it is no transaction id, 'limit', 'cursor'
   * @example
   * const { items, nextCursor } = await history.transaction(revision.transaction, { limit: 2 });
   * // items → [{ entity: 'guest', version: 1, … }, { entity: 'reservation', version: 1, … }]
   */
  async transaction(id: string, options: TransactionOptions = {}): Promise<Page<Revision>> {
    return readTransactionPage(this.reading, id, options);
  }

  /**
   * Brings an entity back to what it was, as a new revision; a deleted one comes back under its old key.
   *
   * The recorded values are copied inside the database, creation and update dates too, and no listeners are asked.
   * A `@VersionColumn()` goes on counting. What is not audited, or masked, stays as it is; in an entity that comes
   * back from a delete it gets its default.
   *
   * @param at a version, a revision, or a Date (its whole millisecond counts)
   * @returns the new revision, with `dryRun` the one that it would make, or null if nothing had to change. Its reason is `restore of version 3`, unless the
   *   context has one.
   * @throws RestoreConflictError when it refers to something that no longer exists, came back without a value that its
   *   table asks for, or has a value that another row has or the table no longer takes; nothing was written
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', 'relations', or 'at' when it didn't exist then
   * @example await history.restore(Reservation, 1, 2) // → { version: 5, reason: 'restore of version 2', … }
   */
  async restore<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId,
    at: Date | number | Pick<Revision, 'version'>,
    options: RestoreOptions = {},
  ): Promise<Revision<E> | null> {
    const plan = auditPlansOf(this.dataSource).get(entity);
    return restore(this.dataSource, plan, id, at, classFilter(this.dataSource, plan, [entity]), options);
  }

  /**
   * Puts back all that a transaction changed, in one transaction: what it inserted is removed, what it deleted comes
   * back under its old key, the rest gets the version before.
   *
   * @returns the new revisions; with `dryRun` those that it would make. Their reason is `undo of <id>`, unless the
   *   context has one.
   * Unique values that rows had from each other, as after a swap, find their way back; on it a row may have another
   * value for a moment, which is not recorded.
   *
   * @throws UndoConflictError naming every row that has changed since, or what else is in the way; nothing was written
   * @throws InvalidArgumentError 'transaction', when it has no revisions to undo
   * @example await history.undo(revision.transaction) // → [{ entity: 'reservation', operation: 'delete', … }]
   */
  async undo(transaction: string, options: UndoOptions = {}): Promise<Revision[]> {
    return undo(this.dataSource, transaction, options);
  }

  private get reading(): Reading {
    return historyOf(this.dataSource).reading(this.dataSource, { timeout: this.timeout });
  }

  private row<E extends ObjectLiteral>(entity: EntityTarget<E>, id: EntityId): RowRevisions<E> {
    const plan = auditPlansOf(this.dataSource).seenBy(entity);
    const ofClass = classFilter(this.dataSource, plan, [entity]);
    return new RowRevisions(this.reading, plan, keyOf(this.dataSource, plan, id), ofClass);
  }
}
