import { type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type EntityId, type IdIn } from './entity-id.js';
import { type RevisionFilters } from './filters.js';
import { type AllOf, type Page, type PageOptions } from './page.js';
import { type Revision } from './revision.js';

/** Reads the revisions of one entity: a page, or `all()` of them. */
export interface ReadTimeline {
  /**
   * The revisions of one entity, newest first, in pages.
   *
   * A page costs one indexed query, however long the history is. It takes a second query to find the end of a pruned
   * history, and where the database and the entity compare differently (json with its keys in another order is not a
   * change, `Ann` is not `ann`).
   *
   * @returns an empty page for an entity that has no history
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument: 'id', or the option
   * @example
   * const { items, nextCursor } = await history.timeline(Reservation, 1, { limit: 2, property: 'party' });
   * // items → [{ version: 3, actor: 'ann', changes: [{ property: 'party', from: 6, to: 4 }], snapshot: Reservation { … }, … }, …]
   * const rest = await history.timeline(Reservation, 1, { limit: 2, property: 'party', cursor: nextCursor });
   */
  <E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<NoInfer<E>>,
    options?: TimelineOptions<NoInfer<E>>,
  ): Promise<Page<Revision<E>>>;

  /**
   * The first page of each of several entities, by one query for each 100 of them, or two with a filter. To go on with
   * an entity, give its id and its `nextCursor`.
   *
   * @returns the ids as they were given, in their order, with what the call with one id returns
   * @throws NotAuditedError
   * @throws InvalidArgumentError naming the argument
   * @example
   * const pages = await history.timeline(Reservation, [1, 2], { limit: 3 });
   * pages.get(1) // → { items: [{ version: 3, … }, …], nextCursor: null }
   */
  <E extends ObjectLiteral, Id extends EntityId<NoInfer<E>>>(
    entity: EntityTarget<E>,
    ids: readonly Id[],
    options?: Omit<TimelineOptions<NoInfer<E>>, 'cursor'>,
  ): Promise<Map<IdIn<Id>, Page<Revision<E>>>>;

  /**
   * All revisions, read in pages while they are used.
   *
   * @throws what a page throws, when the first revision is asked for
   * @example for await (const { version, actor } of history.timeline.all(Reservation, 1)) console.log(version, actor);
   */
  all<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    id: EntityId<NoInfer<E>>,
    options?: AllOf<TimelineOptions<NoInfer<E>>>,
  ): AsyncIterableIterator<Revision<E>>;
}

/** Which revisions of an entity, and how many. */
export interface TimelineOptions<E = any> extends PageOptions, RevisionFilters<E> {
  /**
   * Newest or oldest first.
   * @default 'desc'
   */
  order?: 'asc' | 'desc';

  /** Not made before it. A Date stands for its whole millisecond. */
  from?: Date;

  /** Not made after it. A Date stands for its whole millisecond. */
  to?: Date;

  /**
   * Whether updates of nothing but quiet columns are listed too.
   * @default false
   */
  quiet?: boolean;
}
