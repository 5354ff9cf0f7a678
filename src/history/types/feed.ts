import { type AuditEvent } from '../../revision/audit-event.js';
import { type EntityIn, type FeedEntities, type RevisionOf } from './feed-entities.js';
import { type FeedRevision } from './feed-revision.js';
import { type RevisionFilters } from './filters.js';
import { type AllOf, type Page, type PageOptions } from './page.js';

/** Reads the revisions of all entities: a page, or `all()` of them. */
export interface ReadFeed {
  /**
   * The revisions of all audited entities, newest first, in pages.
   *
   * Without filters a page of up to 25 audited tables costs one query, which reads each by its primary key. More tables
   * are asked for their newest revisions first, 25 at a time. `actor`, `action` and `request` read the changesets by
   * index, and then the tables that these name: such a feed is in the order of transactions, newest first. By any other
   * filter a page looks through 50,000 revisions at most, and ends early. `from` and `to` assume that the clocks of all
   * servers agree to within an hour, and beside a look-up by index that no transaction takes longer than a day.
   *
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the option
   * @example
   * const { items } = await history.feed({ actor: 'ann', from: new Date('2026-11-23') });
   * // items → [{ entity: 'reservation', entityId: 1, version: 3, operation: 'update', changes: […], … }, …]
   */
  (options: EventFeedOptions): Promise<Page<FeedItem>>;
  <const Entities extends FeedEntities = FeedEntities>(
    options?: FeedOptions<Entities>,
  ): Promise<Page<RevisionOf<Entities>>>;

  /**
   * All revisions, read in pages while they are used.
   *
   * @throws what a page throws, when the first revision is asked for
   * @example for await (const { entity, entityId } of history.feed.all({ actor: 'ann' })) console.log(entity, entityId);
   */
  all(options: AllOf<EventFeedOptions>): AsyncIterableIterator<FeedItem>;
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
   * @throws InvalidArgumentError naming the argument: 'transaction' (not a transaction id), 'options', 'limit', 'cursor'
   * @example
   * const { items, nextCursor } = await history.transaction(revision.transaction, { limit: 2 });
   * // items → [{ entity: 'guest', version: 1, … }, { entity: 'reservation', version: 1, … }]
   */
  (transaction: string, options?: TransactionOptions): Promise<Page<FeedRevision>>;

  /**
   * All revisions, read in pages while they are used.
   *
   * @throws what a page throws, when the first revision is asked for
   * @example for await (const { entity, entityId } of history.transaction.all(transaction)) console.log(entity, entityId);
   */
  all(transaction: string, options?: AllOf<TransactionOptions>): AsyncIterableIterator<FeedRevision>;
}

type EventColumn =
  'id' | 'transaction' | 'actor' | 'onBehalf' | 'action' | 'request' | 'outcome' | 'target' | 'details';

/** Something that happened and is not the change of a row, as `AuditLog.record()` took it. */
export interface FeedEvent extends Pick<AuditEvent, EventColumn> {
  kind: 'event';
  /** When it was recorded, to the millisecond. */
  createdAt: Date;
  /**
   * The entity that it is about, by its audited name as in revisions. A table that is audited no more has its name, with
   * its schema.
   */
  entity: string | null;
}

/** An item of a feed with events, told apart by `kind`. */
export type FeedItem = FeedRevision | FeedEvent;

/** Which revisions of all entities, and how many. */
export interface FeedOptions<Entities extends FeedEntities = FeedEntities>
  extends PageOptions, RevisionFilters<EntityIn<Entities>> {
  /**
   * Classes, schemas or audited names; a junction table by its name. `property` and `changed` need it: one entity, or
   * several that all have the property. Where they are the values of an object whose properties are their audited
   * names, `entity` tells the type of each revision.
   *
   * @example [Reservation, Guest] · { reservation: Reservation, guest: Guest }
   * @default every audited entity, and the junction tables of their many-to-many relations
   */
  entities?: Entities;

  /** The `transaction` of a revision. */
  transaction?: string;

  /** Not made before it. A Date stands for its whole millisecond. */
  from?: Date;

  /** Not made after it. A Date stands for its whole millisecond. */
  to?: Date;

  /**
   * Whether updates of nothing but quiet columns are listed too.
   * @default false
   */
  quiet?: boolean;

  /** See `EventFeedOptions`. */
  events?: false;
}

/** A feed with events. */
export interface EventFeedOptions extends Omit<FeedOptions, 'events'> {
  /**
   * Puts events among the revisions, in the order of time. They meet `actor`, `not`, `action`, `request`, `transaction`,
   * `from` and `to`; the other filters are of revisions only, and are refused beside it.
   */
  events: true;
}

/** The page of a transaction's revisions. */
export type TransactionOptions = PageOptions;
