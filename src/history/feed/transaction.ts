import { type AuditPlan } from '../../audited/audit-plan.js';
import { encodeCursor } from '../arguments/cursor.js';
import { tablesOfTransaction } from '../revisions/changesets.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { type TransactionOptions } from '../types/feed.js';
import { type FeedRevision } from '../types/feed-revision.js';
import { type Page } from '../types/page.js';
import { type Revision } from '../types/revision.js';
import { type FeedFilter, withId } from './feed-filter.js';
import { transactionRequest } from './feed-request.js';
import { FEED_TABLE } from './feed-select.js';
import { selectCounts, selectCrowded, selectKeys, selectWindow } from './key-select.js';
import { type FeedKey, readRevisionsById } from './read-revisions.js';
import { byIdDescending, chunks } from './walk.js';

/** How many revisions are read at a time where all of a transaction are. */
const ALL_AT_A_TIME = 1_000;

/**
 * All revisions of a transaction, in the order in which they were made.
 *
 * @param behind only those after this `rev_id`
 * @throws InvalidArgumentError
 */
export async function readTransaction(reading: Reading, id: string, behind?: string): Promise<Revision[]> {
  const { transaction } = transactionRequest(id, {});
  const plans = await tablesOfTransaction(reading, transaction);
  const revisions: Revision[] = [];
  for (let after = behind; ;) {
    const { items, end } = await readPart(reading, plans, { transaction, after, limit: ALL_AT_A_TIME });
    for (const item of items) revisions.push(withoutChangeset(item));
    if (end === undefined) return revisions;
    after = end;
  }
}

/** One page of a transaction's revisions, in the order in which they were made. @throws InvalidArgumentError */
export async function readTransactionPage(
  reading: Reading,
  id: string,
  options: TransactionOptions,
): Promise<Page<FeedRevision>> {
  const { list, transaction, limit, after } = transactionRequest(id, options);
  const plans = await tablesOfTransaction(reading, transaction);
  const { items, end } = await readPart(reading, plans, { transaction, after, limit });
  return { items, nextCursor: end === undefined ? null : encodeCursor(list, end) };
}

/** Which revisions of a transaction, in the order in which they were made. */
interface PartOfTransaction {
  readonly transaction: string;
  /** Only revisions behind this `rev_id`. */
  readonly after: string | undefined;
  /** How many of them to leave out first. */
  readonly skip?: number;
  readonly limit: number;
}

/**
 * Some revisions of a transaction.
 *
 * @returns also `end`, the `rev_id` of the last one, if others follow
 */
export async function readPart(
  reading: Reading,
  plans: readonly AuditPlan[],
  { transaction, after, skip = 0, limit }: PartOfTransaction,
): Promise<{ items: FeedRevision[]; end: string | undefined }> {
  const keysBehind = (place: string | undefined, count: number): Promise<FeedKey[]> =>
    keysOfTransaction(reading, plans, {
      filter: NO_FILTER,
      transaction,
      after: place,
      order: 'ASC',
      limit: count,
    });
  let begin = after;
  for (let left = skip; left > 0;) {
    const skipped = await keysBehind(begin, Math.min(left, ALL_AT_A_TIME));
    if (skipped.length === 0) return { items: [], end: undefined };
    left -= skipped.length;
    begin = skipped.at(-1)!.id;
  }
  // One extra revision tells whether others follow.
  const keys = await keysBehind(begin, limit + 1);
  const items = await readRevisionsById(reading, keys.slice(0, limit));
  return { items, end: keys.length > limit ? keys[limit - 1].id : undefined };
}

/** How many revisions a transaction has in some tables, behind a `rev_id`. */
export async function countOf(
  reading: Reading,
  plans: readonly AuditPlan[],
  transaction: string,
  behind: string | undefined,
): Promise<number> {
  let count = 0;
  for (const group of chunks(plans)) {
    const statement = selectCounts(reading.tables, group, behind !== undefined);
    const [row] = await readRows(reading, statement, { transaction, behind });
    group.forEach((_, t) => (count += Number(row[`t${t}`])));
  }
  return count;
}

/** A revision as an undo returns it. */
export function withoutChangeset({
  kind: _,
  action: __,
  request: ___,
  onBehalf: ____,
  ...revision
}: FeedRevision): Revision {
  return revision;
}

const NO_FILTER: FeedFilter = {
  ids: [],
  tables: new Map(),
  values: {},
  predecessors: new Set(),
  changed: new Map(),
};

/** Which revisions of a transaction. */
export interface OfTransaction {
  readonly filter: FeedFilter;
  readonly transaction: string;
  /** Only revisions behind this `rev_id`, in their order. */
  readonly after: string | undefined;
  readonly order: 'ASC' | 'DESC';
  readonly limit: number;
}

/**
 * The revisions of a transaction in some tables, in the order of `rev_id`.
 *
 * The index on `rev_transaction` doesn't order them, so it reads all revisions of the transaction for a page. Of a
 * table with thousands of them, a page behind the first one is read by the primary key instead, where the revisions of
 * a transaction lie close together.
 */
export async function keysOfTransaction(
  reading: Reading,
  plans: readonly AuditPlan[],
  asked: OfTransaction,
): Promise<FeedKey[]> {
  const { transaction, order, limit } = asked;
  let keys: FeedKey[] = [];
  for (const group of chunks(plans)) {
    const crowded = asked.after === undefined ? [] : await crowdedOf(reading, group, transaction);
    const found: FeedKey[] = [];
    for (const plan of crowded) found.push(...(await keysOfCrowded(reading, plan, asked)));
    const others = group.filter((plan) => !crowded.includes(plan));
    if (others.length > 0) found.push(...(await keysByIndex(reading, others, asked)));
    keys = [...keys, ...found]
      .sort((left, right) => byIdDescending(left, right) * (order === 'DESC' ? 1 : -1))
      .slice(0, limit);
  }
  return keys;
}

async function keysByIndex(
  reading: Reading,
  plans: readonly AuditPlan[],
  { filter, transaction, after, order, limit }: OfTransaction,
): Promise<FeedKey[]> {
  const behind = withId(filter, 'after', order === 'DESC' ? '<' : '>', after);
  const ofTransaction = {
    ...behind,
    byTransaction: true,
    ids: ['r.rev_transaction = {{transaction}}', ...behind.ids],
    values: { ...behind.values, transaction },
  };
  const statement = selectKeys(reading.tables, plans, ofTransaction, { order, limit });
  const rows = await readRows(reading, statement, ofTransaction.values);
  return rows.map((row) => ({ plan: plans[Number(row[FEED_TABLE])], id: row.rev_id as string, transaction }));
}

/** The tables in which a transaction has thousands of revisions. */
async function crowdedOf(
  reading: Reading,
  plans: readonly AuditPlan[],
  transaction: string,
): Promise<AuditPlan[]> {
  const [row] = await readRows(reading, selectCrowded(reading.tables, plans), { transaction });
  return plans.filter((_, t) => row[`t${t}`] !== null);
}

async function keysOfCrowded(reading: Reading, plan: AuditPlan, asked: OfTransaction): Promise<FeedKey[]> {
  const { filter, transaction, order, limit } = asked;
  const found: FeedKey[] = [];
  let after = asked.after!;
  for (;;) {
    const statement = selectWindow(reading.tables, plan, filter, { order, limit: 2 * limit });
    const rows = await readRows(reading, statement, { ...filter.values, transaction, after });
    const own = rows.filter((row) => Number(row.own) === 1);
    found.push(...own.map((row) => ({ plan, id: row.rev_id as string, transaction })));
    if (found.length >= limit || rows.length < 2 * limit) return found.slice(0, limit);
    after = rows.at(-1)!.rev_id as string;
    // The rest lies farther apart, or there is none.
    if (own.length === 0) break;
  }
  return [...found, ...(await keysByIndex(reading, [plan], { ...asked, after }))].slice(0, limit);
}
