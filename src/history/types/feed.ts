import { type AuditOperation } from '../../revision/revision-columns.js';
import { type AllOf, type Page, type PageOptions } from './page.js';
import { type FeedEntities, type RevisionOf } from './feed-entities.js';
import { type Revision } from './revision.js';

/** Reads the revisions of all entities: a page, or `all()` of them. */
export interface ReadFeed {
  /**
   * The revisions of all audited entities, newest first, in pages.
   *
   * A page costs one query, which reads each table by its primary key, in the order of time. It takes a second query
   * where the database compares `Ann` equal to the actor `ann`, and with more than about 25 audited tables. `from` and
   * `to` assume that the clocks of all servers agree to within an hour.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'limit', 'cursor', 'from', 'to', 'actor', 'transaction', 'operation'
   * @example
   * const { items } = await history.feed({ actor: 'ann', from: new Date('2026-11-23') });
   * // items → [{ entity: 'reservation', entityId: 1, version: 3, operation: 'update', changes: […], … }, …]
   */
  <const Entities extends FeedEntities = FeedEntities>(
    options?: FeedOptions<Entities>,
  ): Promise<Page<RevisionOf<Entities>>>;

  /**
   * All revisions, read in pages while they are used.
   *
   * @throws what a page throws, when the first revision is asked for
   * @example for await (const { entity, entityId } of history.feed.all({ actor: 'ann' })) console.log(entity, entityId);
   */
  all<const Entities extends FeedEntities = FeedEntities>(
    options?: AllOf<FeedOptions<Entities>>,
  ): AsyncIterableIterator<RevisionOf<Entities>>;
}

/** Reads the revisions of one transaction: a page, or `all()` of them. */
export interface ReadTransaction {
  /**
   * The revisions of one database transaction, in the order in which they were made, in pages. An unknown transaction
   * has none.
   *
   * @throws InvalidArgumentError naming the argument: 'transaction' (not a transaction id), 'limit', 'cursor'
   * @example
   * const { items, nextCursor } = await history.transaction(revision.transaction, { limit: 2 });
   * // items → [{ entity: 'guest', version: 1, … }, { entity: 'reservation', version: 1, … }]
   */
  (id: string, options?: TransactionOptions): Promise<Page<Revision>>;

  /**
   * All revisions, read in pages while they are used.
   *
   * @throws what a page throws, when the first revision is asked for
   * @example for await (const { entity, entityId } of history.transaction.all(id)) console.log(entity, entityId);
   */
  all(id: string, options?: AllOf<TransactionOptions>): AsyncIterableIterator<Revision>;
}

/** Which revisions of all entities, and how many. */
export interface FeedOptions<Entities extends FeedEntities = FeedEntities> extends PageOptions {
  /**
   * Classes, schemas or audited names; a junction table by its name. Where they are the values of an object whose
   * properties are their audited names, `entity` tells the type of each revision.
   *
   * @example [Reservation, Guest] · { reservation: Reservation, guest: Guest }
   * @default every audited entity, and the junction tables of their many-to-many relations
   */
  entities?: Entities;

  actor?: string;

  /** The `transaction` of a revision. */
  transaction?: string;

  /** Not made before it. A Date stands for its whole millisecond. */
  from?: Date;

  /** Not made after it. A Date stands for its whole millisecond. */
  to?: Date;

  operation?: AuditOperation;
}

/** The page of a transaction's revisions. */
export type TransactionOptions = PageOptions;
