import { type AuditPlan } from '../../audited/audit-plan.js';
import { hasChangesets } from '../revisions/changesets.js';
import { idTable } from '../revisions/key-tables.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { type FeedRevision } from '../types/feed-revision.js';
import { type FeedFilter } from './feed-filter.js';
import {
  CHANGESET_COLUMNS,
  FEED_TABLE,
  feedGroups,
  feedPrefix,
  selectFeed,
  selectRevisionsById,
} from './feed-select.js';
import { type FeedWindow } from './key-select.js';

/** A revision that belongs to a page. */
export interface FeedKey {
  readonly plan: AuditPlan;
  readonly id: string;
  /** Its `rev_transaction`, where the page is in the order of transactions. */
  readonly transaction?: string;
}

/** The newest revisions of tables that one statement can join. */
export async function readGroup(
  reading: Reading,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
): Promise<FeedRevision[]> {
  const statement = selectFeed(reading, plans, filter, window, await hasChangesets(reading));
  return revisionsIn(reading, plans, await readRows(reading, statement, filter.values));
}

/** Revisions by their ids, in the given order. */
export async function readRevisionsById(reading: Reading, keys: readonly FeedKey[]): Promise<FeedRevision[]> {
  const present = [...new Set(keys.map(({ plan }) => plan))];
  const changesets = await hasChangesets(reading);
  const found = new Map<string, FeedRevision>();
  for (const plans of feedGroups(reading.dataSource, present)) {
    const ids = await idTable(reading, plans[0]);
    const wanted = keys.filter(({ plan }) => plans.includes(plan));
    const values = ids.bind(wanted.map(({ plan, id }) => [plans.indexOf(plan), id]));
    const rows = await readRows(reading, selectRevisionsById(reading, plans, ids, changesets), values);
    for (const revision of revisionsIn(reading, plans, rows)) found.set(revision.id, revision);
  }
  return keys.flatMap(({ id }) => found.get(id) ?? []);
}

function revisionsIn(
  { tables }: Reading,
  plans: readonly AuditPlan[],
  rows: readonly Record<string, unknown>[],
): FeedRevision[] {
  const readers = plans.map((plan, t) => tables.of(plan).reader(feedPrefix(t)));
  return rows.map((row) => ({
    kind: 'revision',
    ...readers[Number(row[FEED_TABLE])].revision(row),
    action: textOf(row[CHANGESET_COLUMNS.action]),
    request: textOf(row[CHANGESET_COLUMNS.request]),
    onBehalf: textOf(row[CHANGESET_COLUMNS.onBehalf]),
  }));
}

function textOf(value: unknown): string | null {
  return (value as string | null | undefined) ?? null;
}
