import { Injectable } from '@nestjs/common';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { auditPlansOf } from '../audited/audit-plans.js';
import { readAsOf } from './as-of.js';
import { readDiff } from './diff.js';
import { type Change, type EntityId, type Page, type Revision, type TimelineOptions } from './revision.js';
import { RowRevisions } from './row-revisions.js';
import { readTimeline } from './timeline.js';
import { assertVersion } from './version.js';

/**
 * Reads the history of audited entities: what has been committed, through the data source's pool.
 *
 * An entity is named by its class, its EntitySchema or its name, and an id as `EntityId` says.
 */
@Injectable()
export class HistoryService {
  constructor(private readonly dataSource: DataSource) {}

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
    assertVersion('version', version);
    const row = this.row(entity, id);
    const [revision] = await row.read(row.select().andWhere('r.revVersion = :version', { version }));
    return revision ?? null;
  }

  /**
   * The newest revision of an entity, or null if it has no history.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id'
   * @example (await history.latest(Reservation, 1))?.actor // → 'ann'
   */
  async latest<E extends ObjectLiteral>(entity: EntityTarget<E>, id: EntityId): Promise<Revision<E> | null> {
    const row = this.row(entity, id);
    const [revision] = await row.read(row.select().orderBy('r.revVersion', 'DESC').limit(1));
    return revision ?? null;
  }

  /**
   * What differs between two versions of an entity. A version that deleted it counts as all null.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', or 'from' or 'to' when there is no such version
   * @example await history.diff(Reservation, 1, 1, 3) // → [{ property: 'party', from: 6, to: 4 }]
   */
  async diff(entity: EntityTarget<any>, id: EntityId, from: number, to: number): Promise<Change[]> {
    return readDiff(this.row<ObjectLiteral>(entity, id), from, to);
  }

  /**
   * The entity as it was at a moment, or null if it did not exist then.
   *
   * It is an instance of its class without its relations; their join columns have their database names where they
   * have no property. A soft-deleted one comes with its delete date.
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
    return readAsOf(this.row(entity, id), at);
  }

  private row<E extends ObjectLiteral>(entity: EntityTarget<E>, id: EntityId): RowRevisions<E> {
    return new RowRevisions(this.dataSource, auditPlansOf(this.dataSource).get(entity), id);
  }
}
