import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { changesetTable, isText, tablesOfTransaction } from '../revisions/changesets.js';
import { idTable } from '../revisions/key-tables.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { CLOCK_TOLERANCE_SECONDS, type FeedFilter, firstIdOf } from './feed-filter.js';
import { type FeedRequest } from './feed-request.js';
import { selectByTransactions } from './key-select.js';
import { FIRST_UUID, type Position } from './position.js';
import { type FeedKey } from './read-revisions.js';
import { keysOfTransaction } from './transaction.js';
import { chunks } from './walk.js';

/** A page of revisions that are found by their changesets. */
export interface LookedUp {
  /** In the order of transactions, and of `rev_id` in each, newest first; one more than the page takes, if there is one. */
  readonly keys: FeedKey[];
  /** Where the page ended early; undefined if nothing is left. */
  readonly end: Position | undefined;
}

/** That a transaction wrote a table. */
interface Written {
  readonly transaction: string;
  readonly plan: AuditPlan;
}

/** What some transactions wrote, the newest first. */
interface Changesets {
  readonly written: Written[];
  /** The oldest of these transactions; undefined if there are no others. */
  readonly last: string | undefined;
}

/** How many changesets are read at a time, at least, and how many times for a page. */
const CHANGESETS = 200;
const MAX_READS = 20;

/** How long a transaction may take, so that `from` finds all of its revisions. */
const LONGEST_TRANSACTION_SECONDS = 86_400;

/**
 * Looks up revisions by the actor, the action or the request of their changesets.
 *
 * A transaction may write long after it began, so its changeset doesn't tell where its revisions are in the order of
 * `rev_id`. So the page is in the order of transactions.
 */
export async function lookUp(reading: Reading, request: FeedRequest, filter: FeedFilter): Promise<LookedUp> {
  const { position } = request;
  const wanted = request.limit + 1;
  const keys: FeedKey[] = [];
  let before: string | undefined;
  if (position.transaction !== undefined) {
    // The transaction that the page before ended in.
    before = position.transaction;
    const { written } = await readChangesets(reading, request, { exactly: before });
    const plans = written.map(({ plan }) => plan);
    const rest = { filter, transaction: before, after: position.id, order: 'DESC', limit: wanted } as const;
    if (position.id !== FIRST_UUID) keys.push(...(await keysOfTransaction(reading, plans, rest)));
  }
  for (let reads = 0; keys.length < wanted; reads++) {
    if (reads === MAX_READS) return { keys, end: { transaction: before!, id: FIRST_UUID } };
    const { written, last } = await readChangesets(reading, request, { before });
    keys.push(...(await keysOf(reading, written, filter, wanted - keys.length)));
    if (last === undefined) break;
    before = last;
  }
  return { keys: keys.slice(0, wanted), end: undefined };
}

async function keysOf(
  reading: Reading,
  written: readonly Written[],
  filter: FeedFilter,
  limit: number,
): Promise<FeedKey[]> {
  const found: FeedKey[] = [];
  const present = [...new Set(written.map(({ plan }) => plan))];
  for (const plans of chunks(present)) {
    const ids = await idTable(reading, plans[0]);
    const statement = selectByTransactions(reading.tables, plans, filter, ids, limit);
    const pairs = written.filter(({ plan }) => plans.includes(plan));
    const bound = ids.bind(pairs.map(({ plan, transaction }) => [plans.indexOf(plan), transaction]));
    for (const row of await readRows(reading, statement, { ...filter.values, ...bound }))
      found.push({
        plan: plans[Number(row.feed_table)],
        id: row.rev_id as string,
        transaction: row.rev_transaction as string,
      });
  }
  return found.sort(byTransactionDescending).slice(0, limit);
}

/**
 * The next changesets, newest first: all of each transaction.
 *
 * @param before undefined for the newest
 */
async function readChangesets(
  reading: Reading,
  { plans, since, until, filters }: FeedRequest,
  { before, exactly }: { before?: string; exactly?: string },
): Promise<Changesets> {
  const { tables } = reading;
  const { sql } = dialectOf(tables.dataSource);
  const values: Record<string, unknown> = { before, exactly };
  const where: string[] = [];
  const add = (name: string, value: unknown, condition: string): void => {
    if (value === undefined) return;
    values[name] = value;
    where.push(condition);
  };
  for (const name of ['actor', 'action', 'request'] as const)
    add(name, filters[name], isText(reading, `c.${name}`, `{{${name}}}`));
  add('before', before, 'c.id < {{before}}');
  add('exactly', exactly, 'c.id = {{exactly}}');
  add('newest', firstIdOf(until, CLOCK_TOLERANCE_SECONDS), 'c.id < {{newest}}');
  add('oldest', firstIdOf(since, -LONGEST_TRANSACTION_SECONDS), 'c.id >= {{oldest}}');
  const all = auditPlansOf(tables.dataSource).all;
  const numbers = plans.length < all.length ? plans.map(({ number }) => number) : [];
  if (numbers.length > 0) where.push(`(c.entity < 0 OR c.entity IN (${numbers.join(', ')}))`);
  const limit = Math.max(CHANGESETS, 2 * all.length + 1);
  const statement = tables.statement(
    ['changesets', ...where, limit].join('\n'),
    () =>
      `SELECT c.id AS id, c.entity AS entity FROM ${changesetTable(reading)} c WHERE ${where.join(' AND ')} ` +
      `ORDER BY c.id DESC ${sql.limit(limit)}`,
  );
  if (plans.length === 0) return { written: [], last: undefined };
  const rows = await readRows(reading, statement, values);
  const found = new Map<string, number[]>();
  for (const { id, entity } of rows)
    found.set(id as string, [...(found.get(id as string) ?? []), Number(entity)]);
  const isCut = rows.length === limit;
  // The last one may have more changesets, so it comes with the next ones. One that has all of these comes now: it wrote
  // in more contexts than there are tables, and then its tables are asked for.
  if (isCut && found.size > 1) found.delete(rows.at(-1)!.id as string);
  const written: Written[] = [];
  for (const [transaction, entities] of found)
    written.push(
      ...(entities.some((entity) => entity < 0)
        ? await writtenBy(reading, plans, transaction)
        : plans.flatMap((plan) => (entities.includes(plan.number) ? { transaction, plan } : []))),
    );
  return { written, last: isCut ? [...found.keys()].at(-1) : undefined };
}

/** The tables that a transaction wrote, in whichever contexts. */
async function writtenBy(
  reading: Reading,
  plans: readonly AuditPlan[],
  transaction: string,
): Promise<Written[]> {
  const tables = await tablesOfTransaction(reading, transaction);
  return plans.filter((plan) => tables.includes(plan)).map((plan) => ({ transaction, plan }));
}

function byTransactionDescending(left: FeedKey, right: FeedKey): number {
  const [one, other] = [left, right].map(({ transaction, id }) => `${transaction}${id}`);
  return one < other ? 1 : -1;
}
