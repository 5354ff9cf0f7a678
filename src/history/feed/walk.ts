import { type AuditPlan } from '../../audited/audit-plan.js';
import { MAX_TABLES } from '../revisions/changesets.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { type FeedRevision } from '../types/feed-revision.js';
import { type FeedFilter, withId } from './feed-filter.js';
import { FEED_TABLE, feedGroups } from './feed-select.js';
import { selectFloor, selectHeads, selectKeys } from './key-select.js';
import { type FeedKey, readGroup, readRevisionsById } from './read-revisions.js';

/** The newest revisions of tables, in the order of `rev_id`. */
export interface Walked {
  /** One more than the page takes, if there is one. */
  readonly revisions: FeedRevision[];
  /** The `rev_id` down to which the page has looked, where it ended early; undefined if nothing is left. */
  readonly floor: string | undefined;
}

/** What to walk down. */
interface Way {
  readonly plans: readonly AuditPlan[];
  readonly filter: FeedFilter;
  readonly limit: number;
  /**
   * Whether the filter has conditions without an index: then it looks through a bounded number of revisions, and ends
   * early.
   */
  readonly isBounded: boolean;
}

/** A table with its newest `rev_id` in the filter's bounds. */
interface Head {
  readonly plan: AuditPlan;
  readonly id: string;
}

/** Walks down the tables by their primary keys. */
export async function walk(reading: Reading, way: Way): Promise<Walked> {
  const { plans, filter, limit, isBounded } = way;
  if (plans.length === 0) return { revisions: [], floor: undefined };
  if (feedGroups(reading.dataSource, plans).length === 1) {
    const floor = isBounded ? await readFloor(reading, plans, filter, plans.length) : undefined;
    const bounded = withId(filter, 'floor', '>=', floor);
    // One extra revision tells whether another page follows.
    const revisions = await readGroup(reading, plans, bounded, { order: 'DESC', limit: limit + 1 });
    return { revisions, floor };
  }
  return walkMany(reading, way);
}

/**
 * Walks down more tables than one statement may read. It first asks each table for its newest revision, some tables at
 * a time, and then reads only tables that have one for the page, beginning with the newest.
 */
async function walkMany(reading: Reading, { plans, filter, limit, isBounded }: Way): Promise<Walked> {
  const heads = await readHeads(reading, plans, filter);
  const groups = chunks(heads);
  let floor: string | undefined;
  if (isBounded)
    for (const group of groups) {
      const open = above(group, floor);
      if (open.length === 0) break;
      const bounded = withId(filter, 'floor', '>=', floor);
      floor = (await readFloor(reading, open, bounded, heads.length)) ?? floor;
    }
  let keys: FeedKey[] = [];
  for (const group of groups) {
    const lowest = keys.at(limit)?.id ?? floor;
    const open = above(group, lowest);
    if (open.length === 0) break;
    const bounded = withId(filter, 'floor', '>=', lowest);
    const statement = selectKeys(reading.tables, open, bounded, { order: 'DESC', limit: limit + 1 });
    const rows = await readRows(reading, statement, bounded.values);
    const found = rows.map((row) => ({ plan: open[Number(row[FEED_TABLE])], id: row.rev_id as string }));
    keys = [...keys, ...found].sort(byIdDescending).slice(0, limit + 1);
  }
  return { revisions: await readRevisionsById(reading, keys), floor };
}

/** The tables that have revisions, the one with the newest first. */
async function readHeads(reading: Reading, plans: readonly AuditPlan[], filter: FeedFilter): Promise<Head[]> {
  const heads: Head[] = [];
  for (const group of chunks(plans)) {
    const [row] = await readRows(reading, selectHeads(reading.tables, group, filter), filter.values);
    group.forEach((plan, t) => {
      const id = row[`h${t}`] as string | null;
      if (id !== null) heads.push({ plan, id });
    });
  }
  return heads.sort(byIdDescending);
}

async function readFloor(
  reading: Reading,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  among: number,
): Promise<string | undefined> {
  const statement = selectFloor(reading.tables, plans, filter, among);
  const [row] = await readRows(reading, statement, filter.values);
  return row?.rev_id as string | undefined;
}

function above(group: readonly Head[], id: string | undefined): AuditPlan[] {
  return group.filter((head) => id === undefined || head.id >= id).map(({ plan }) => plan);
}

export function chunks<T>(items: readonly T[], size = MAX_TABLES): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}

export function byIdDescending(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? 1 : left.id > right.id ? -1 : 0;
}
