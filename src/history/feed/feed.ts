import { InvalidArgumentError } from '../../audit.errors.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { isDataException } from '../../dialect/run/driver-error.js';
import { areCovered, hasChangesets, tablesOfTransaction } from '../revisions/changesets.js';
import { type Reading } from '../revisions/reading.js';
import { hasChanged, revisionConditions } from '../revisions/revision-conditions.js';
import { type FeedItem, type EventFeedOptions, type FeedOptions } from '../types/feed.js';
import { type FeedRevision } from '../types/feed-revision.js';
import { type Page } from '../types/page.js';
import { readEvents } from './events.js';
import { type FeedFilter, feedFilter, withId } from './feed-filter.js';
import { type FeedRequest, feedRequest } from './feed-request.js';
import { lookUp } from './look-up.js';
import { cursorAt, FIRST_UUID, type Position } from './position.js';
import { readRevisionsById } from './read-revisions.js';
import { keysOfTransaction } from './transaction.js';
import { walk } from './walk.js';

/** An item with its place in the order of the feed. */
interface Placed {
  readonly item: FeedItem;
  readonly position: Position;
}

/** The first items of a kind, in order: one more than the page takes, if there is one. */
interface Part {
  readonly items: Placed[];
  /** Where the page ends early, because it has looked through enough; undefined if nothing is left. */
  readonly end?: Position;
}

/** One page of the revisions of all entities. @throws NotAuditedError @throws InvalidArgumentError naming the option */
export async function readFeed(
  reading: Reading,
  options: FeedOptions | EventFeedOptions,
): Promise<Page<FeedItem>> {
  const request = feedRequest(reading.dataSource, options);
  const filter = feedFilter(reading.dataSource, request);
  const byChangeset = await isByChangeset(reading, request);
  const parts = [
    await revisionsOf(reading, request, filter, byChangeset).catch((error: unknown) => {
      throw request.filters.changed && isDataException(error) ? uncomparable(error) : error;
    }),
  ];
  if (request.events && auditPlansOf(reading.dataSource).own)
    parts.push(await eventsOf(reading, request, byChangeset));
  return pageOf(parts, request.limit, (item) => item.kind === 'event' || isMeant(item, request, filter));
}

function uncomparable(cause: unknown): InvalidArgumentError {
  const refusal = new InvalidArgumentError('changed', 'must have values that its properties can have.');
  return Object.assign(refusal, { cause });
}

/** Whether the revisions are looked up by their changesets. Pages go on as the first one began. */
async function isByChangeset(
  reading: Reading,
  { position, filters, transaction, plans }: FeedRequest,
): Promise<boolean> {
  const { actor, action, request } = filters;
  const needs = transaction === undefined && (action !== undefined || request !== undefined);
  const may = needs || (transaction === undefined && actor !== undefined);
  if (position.id !== undefined) {
    const isIt = position.transaction !== undefined;
    if (isIt ? may : !needs) return isIt;
    throw new InvalidArgumentError(
      'cursor',
      `must be a nextCursor of a feed with these filters, got "${String(cursorAt(position))}". Give the one of the page before.`,
    );
  }
  return needs || (may && (await areCovered(reading, plans)));
}

async function revisionsOf(
  reading: Reading,
  request: FeedRequest,
  filter: FeedFilter,
  byChangeset: boolean,
): Promise<Part> {
  const { limit, plans, position, transaction, filters } = request;
  if (byChangeset) {
    if (!(await hasChangesets(reading))) return { items: [] };
    const { keys, end } = await lookUp(reading, request, filter);
    const places = new Map(keys.map(({ id, transaction: of }) => [id, { id, transaction: of }]));
    const revisions = await readRevisionsById(reading, keys);
    return { items: revisions.map((item) => ({ item, position: places.get(item.id)! })), end };
  }
  const behind = withId(filter, 'behind', '<', position.id);
  if (transaction !== undefined) {
    const written = await tablesOfTransaction(reading, transaction);
    const asked = plans.filter((plan) => written.includes(plan));
    const ofChangeset = await withChangeset(reading, filter, request);
    const window = {
      filter: ofChangeset,
      transaction,
      after: position.id,
      order: 'DESC',
      limit: limit + 1,
    } as const;
    return placed(await readRevisionsById(reading, await keysOfTransaction(reading, asked, window)));
  }
  const isBounded =
    request.isLoud ||
    [filters.actor, filters.not, filters.reason, filters.operation, filters.property, filters.changed].some(
      (given) => given !== undefined,
    );
  const { revisions, floor } = await walk(reading, { plans, filter: behind, limit, isBounded });
  return { ...placed(revisions), end: floor === undefined ? undefined : { id: floor } };
}

/** Adds the conditions of changesets to those of revisions. */
async function withChangeset(
  reading: Reading,
  filter: FeedFilter,
  { plans, filters: { action, request } }: FeedRequest,
): Promise<FeedFilter> {
  if (action === undefined && request === undefined) return filter;
  const hasAny = await hasChangesets(reading);
  const tables = plans.map((plan) => {
    const { where } = revisionConditions(reading.dataSource, plan, { action, request });
    return [plan, [...filter.tables.get(plan)!, ...(hasAny ? where : ['1 = 0'])]] as const;
  });
  return { ...filter, tables: new Map(tables), values: { ...filter.values, action, request } };
}

async function eventsOf(reading: Reading, request: FeedRequest, byChangeset: boolean): Promise<Part> {
  const { id, transaction } = request.position;
  const { events, floor } = await readEvents(reading, request, transaction ?? id, request.limit + 1);
  // Among transactions, an event is placed as one that began with it.
  const position = (at: string): Position => (byChangeset ? { transaction: at, id: at } : { id: at });
  const end = byChangeset ? { transaction: floor, id: FIRST_UUID } : { id: floor };
  return {
    items: events.map((item) => ({ item, position: position(item.id) })),
    end: floor === undefined ? undefined : end,
  };
}

function placed(revisions: readonly FeedRevision[]): Part {
  return { items: revisions.map((item) => ({ item, position: { id: item.id } })) };
}

/** The page that parts make together, and where the next one begins. */
function pageOf(
  parts: readonly Part[],
  limit: number,
  isWanted: (item: FeedItem) => boolean,
): Page<FeedItem> {
  const ends = parts.flatMap(({ end }) => end ?? []).sort(descending);
  const end = ends.at(0);
  const all = parts
    .flatMap(({ items }) => items)
    .filter(({ position }) => end === undefined || descending(position, end) <= 0)
    .sort((left, right) => descending(left.position, right.position));
  const page = all.slice(0, limit);
  const next = all.length > limit ? page.at(-1)!.position : end;
  return {
    items: page.map(({ item }) => item).filter(isWanted),
    nextCursor: next === undefined ? null : cursorAt(next),
  };
}

function descending(left: Position, right: Position): number {
  const [one, other] = [left, right].map(({ transaction = '', id }) => `${transaction}${id}`);
  return one < other ? 1 : one > other ? -1 : 0;
}

// The database compares stored values. The caller sees hydrated ones, so these decide.
function isMeant(revision: FeedRevision, { plans, filters }: FeedRequest, { changed }: FeedFilter): boolean {
  if (filters.property === undefined && filters.changed === undefined) return true;
  const plan = plans.find(({ name }) => name === revision.entity);
  return !plan || hasChanged(revision, changed.get(plan)!);
}
