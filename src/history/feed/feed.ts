import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { encodeCursor } from '../arguments/cursor.js';
import { feedFilter } from './feed-filter.js';
import { FEED, type FeedRequest, feedRequest, transactionId, transactionRequest } from './feed-request.js';
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
import { type Reading, readRows } from '../revisions/reading.js';
import { type ChangesOptions, type Page, type Revision, type TransactionOptions } from '../history.types.js';
import { revisionReaderOf } from '../reader/revision-reader.js';

/** One page of the revisions of all entities. @throws NotAuditedError @throws InvalidArgumentError naming the option */
export async function readFeed(
  dataSource: DataSource,
  options: ChangesOptions,
  reading?: Reading,
): Promise<Page<Revision>> {
  const request = feedRequest(dataSource, options);
  const { limit, plans } = request;
  const floor = await readFloor(dataSource, request, reading);
  // One more than the page has, to know whether another follows.
  const window: FeedWindow = { order: 'DESC', limit: limit + 1 };
  const found = await readRevisions(
    dataSource,
    plans,
    feedFilter(dataSource, request, floor),
    window,
    reading,
  );
  const items = found.slice(0, limit);
  const end = found.length > limit ? items.at(-1)!.id : floor;
  return { items, nextCursor: end === undefined ? null : encodeCursor(FEED, end) };
}

/**
 * Down to which `rev_id` a page looks, if anything is left below it: what a filter has no index for is looked for in a
 * bounded number of revisions, and the page ends where that ends.
 */
async function readFloor(
  dataSource: DataSource,
  request: FeedRequest,
  reading?: Reading,
): Promise<string | undefined> {
  const { plans, actor, operation, transaction } = request;
  if (plans.length === 0 || transaction !== undefined) return undefined;
  if (actor === undefined && operation === undefined) return undefined;
  const filter = feedFilter(dataSource, {
    ...request,
    actor: undefined,
    operation: undefined,
    classes: new Map(),
  });
  const statement = selectFloor(dataSource, plans, filter);
  const [row] = (await readRows(dataSource, statement, filter.values, reading)) as { rev_id: string }[];
  return row?.rev_id;
}

/** All revisions of a transaction, in the order in which they were made. @throws InvalidArgumentError */
export function readTransaction(dataSource: DataSource, id: string, reading?: Reading): Promise<Revision[]> {
  const filter = {
    conditions: ['b.rev_transaction = {{transaction}}'],
    values: { transaction: transactionId(id) },
  };
  const window: FeedWindow = { order: 'ASC', limit: undefined };
  return readRevisions(dataSource, auditPlansOf(dataSource).all, filter, window, reading);
}

/** One page of a transaction's revisions, in the order in which they were made. @throws InvalidArgumentError */
export async function readTransactionPage(
  dataSource: DataSource,
  id: string,
  options: TransactionOptions,
  reading?: Reading,
): Promise<Page<Revision>> {
  const { list, transaction, limit, after } = transactionRequest(id, options);
  const conditions = ['b.rev_transaction = {{transaction}}', ...(after ? ['b.rev_id > {{after}}'] : [])];
  const filter = { conditions, values: { transaction, after } };
  // One more than the page has, to know whether another follows.
  const window: FeedWindow = { order: 'ASC', limit: limit + 1 };
  const found = await readRevisions(dataSource, auditPlansOf(dataSource).all, filter, window, reading);
  const items = found.slice(0, limit);
  return { items, nextCursor: found.length > limit ? encodeCursor(list, items.at(-1)!.id) : null };
}

async function readRevisions(
  dataSource: DataSource,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
  reading?: Reading,
): Promise<Revision[]> {
  if (plans.length === 0) return [];
  const [group, ...more] = feedGroups(dataSource, plans);
  if (more.length === 0) return readGroup(dataSource, group, filter, window, reading);
  // More tables than one statement can join: first which revisions they are, then those of the tables that occur.
  const statement = selectFeedKeys(dataSource, plans, filter, window);
  const keys = (await readRows(dataSource, statement, filter.values, reading)) as {
    [FEED_TABLE]: number | string;
    rev_id: string;
  }[];
  const present = plans.filter((_, t) => keys.some((key) => Number(key[FEED_TABLE]) === t));
  const revisions: Revision[] = [];
  for (const tables of feedGroups(dataSource, present))
    revisions.push(...(await readGroup(dataSource, tables, filter, window, reading)));
  const wanted = new Map(keys.map(({ rev_id }, at) => [rev_id, at]));
  return revisions
    .filter(({ id }) => wanted.has(id))
    .sort((left, right) => wanted.get(left.id)! - wanted.get(right.id)!);
}

async function readGroup(
  dataSource: DataSource,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
  reading?: Reading,
): Promise<Revision[]> {
  const statement = selectFeed(dataSource, plans, filter, window);
  const rows = await readRows(dataSource, statement, filter.values, reading);
  const readers = plans.map((plan, t) => revisionReaderOf<ObjectLiteral>(dataSource, plan, feedPrefix(t)));
  return rows.map((row) => readers[Number(row[FEED_TABLE])].revision(row));
}
