import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { encodeCursor } from '../arguments/cursor.js';
import { feedFilter } from './feed-filter.js';
import { FEED, type FeedRequest, feedRequest, transactionRequest } from './feed-request.js';
import {
  FEED_TABLE,
  type FeedFilter,
  feedGroups,
  feedPrefix,
  type FeedWindow,
  selectFeed,
  selectFeedKeys,
  selectFloor,
} from './feed-select.js';
import { transactionId } from '../arguments/checks.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { type FeedOptions, type TransactionOptions } from '../types/feed.js';
import { type Page } from '../types/page.js';
import { type Revision } from '../types/revision.js';

/** One page of the revisions of all entities. @throws NotAuditedError @throws InvalidArgumentError naming the option */
export async function readFeed(reading: Reading, options: FeedOptions): Promise<Page<Revision>> {
  const request = feedRequest(reading.dataSource, options);
  const { limit, plans } = request;
  const floor = await readFloor(reading, request);
  // One extra revision tells whether another page follows.
  const window: FeedWindow = { order: 'DESC', limit: limit + 1 };
  const found = await readRevisions(reading, plans, feedFilter(reading.dataSource, request, floor), window);
  const items = found.slice(0, limit);
  const end = found.length > limit ? items.at(-1)!.id : floor;
  return { items, nextCursor: end === undefined ? null : encodeCursor(FEED, end) };
}

/**
 * The lowest `rev_id` that a page looks at; undefined if no revisions lie below it. A filter without an index is
 * applied to a bounded number of revisions, and the page ends with them.
 */
async function readFloor(reading: Reading, request: FeedRequest): Promise<string | undefined> {
  const { plans, actor, operation, transaction } = request;
  if (plans.length === 0 || transaction !== undefined) return undefined;
  if (actor === undefined && operation === undefined) return undefined;
  const filter = feedFilter(reading.dataSource, {
    ...request,
    actor: undefined,
    operation: undefined,
    classes: new Map(),
  });
  const [row] = await readRows(reading, selectFloor(reading.tables, plans, filter), filter.values);
  return row?.rev_id as string | undefined;
}

/** All revisions of a transaction, in the order in which they were made. @throws InvalidArgumentError */
export function readTransaction(reading: Reading, id: string): Promise<Revision[]> {
  const filter = {
    conditions: ['b.rev_transaction = {{transaction}}'],
    values: { transaction: transactionId(id) },
  };
  const window: FeedWindow = { order: 'ASC', limit: undefined };
  return readRevisions(reading, auditPlansOf(reading.dataSource).all, filter, window);
}

/** One page of a transaction's revisions, in the order in which they were made. @throws InvalidArgumentError */
export async function readTransactionPage(
  reading: Reading,
  id: string,
  options: TransactionOptions,
): Promise<Page<Revision>> {
  const { list, transaction, limit, after } = transactionRequest(id, options);
  const conditions = ['b.rev_transaction = {{transaction}}', ...(after ? ['b.rev_id > {{after}}'] : [])];
  const filter = { conditions, values: { transaction, after } };
  // One extra revision tells whether another page follows.
  const window: FeedWindow = { order: 'ASC', limit: limit + 1 };
  const found = await readRevisions(reading, auditPlansOf(reading.dataSource).all, filter, window);
  const items = found.slice(0, limit);
  return { items, nextCursor: found.length > limit ? encodeCursor(list, items.at(-1)!.id) : null };
}

async function readRevisions(
  reading: Reading,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
): Promise<Revision[]> {
  if (plans.length === 0) return [];
  const { dataSource, tables } = reading;
  const [group, ...more] = feedGroups(dataSource, plans);
  if (more.length === 0) return readGroup(reading, group, filter, window);
  // One statement can't join this many tables: select the ids first, then read the revisions of each group of tables.
  const statement = selectFeedKeys(tables, plans, filter, window);
  const keys = (await readRows(reading, statement, filter.values)) as {
    [FEED_TABLE]: number | string;
    rev_id: string;
  }[];
  const present = plans.filter((_, t) => keys.some((key) => Number(key[FEED_TABLE]) === t));
  const revisions: Revision[] = [];
  for (const each of feedGroups(dataSource, present))
    revisions.push(...(await readGroup(reading, each, filter, window)));
  const wanted = new Map(keys.map(({ rev_id }, at) => [rev_id, at]));
  return revisions
    .filter(({ id }) => wanted.has(id))
    .sort((left, right) => wanted.get(left.id)! - wanted.get(right.id)!);
}

async function readGroup(
  reading: Reading,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
): Promise<Revision[]> {
  const { tables } = reading;
  const rows = await readRows(reading, selectFeed(tables, plans, filter, window), filter.values);
  const readers = plans.map((plan, t) => tables.of(plan).reader(feedPrefix(t)));
  return rows.map((row) => readers[Number(row[FEED_TABLE])].revision(row));
}
