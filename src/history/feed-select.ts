import { type DataSource, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../audited/audit-plan.js';
import { REVISION_COLUMNS } from '../revision/revision-columns.js';
import { addShownColumns, type RevisionQuery, resultColumn } from './revision-select.js';
import { shownColumns } from './shown-columns.js';

/** Narrows the revisions of a table, aliased `b`, by SQL and its parameters. */
export interface FeedFilter {
  readonly conditions: readonly string[];
  readonly parameters: ObjectLiteral;
}

/** How much of a feed is read. */
export interface FeedWindow {
  readonly order: 'ASC' | 'DESC';
  readonly limit: number | undefined;
}

/** Where a result says which of the tables a row is of. */
export const FEED_TABLE = 'feed_table';

// Databases join 61 tables at most, and a result has 1,664 columns at most.
const MAX_TABLES = 25;
const MAX_COLUMNS = 1_500;

/** The tables in groups whose revisions one statement can read. */
export function feedGroups(plans: readonly AuditPlan[]): AuditPlan[][] {
  const groups: AuditPlan[][] = [];
  let columns = 0;
  for (const plan of plans) {
    const width = resultNames(plan).length;
    columns += width;
    const group = groups.at(-1);
    if (group && group.length < MAX_TABLES && columns <= MAX_COLUMNS) group.push(plan);
    else {
      groups.push([plan]);
      columns = width;
    }
  }
  return groups;
}

/**
 * The `rev_id`s of all tables in one order, and where they are from, as SQL.
 *
 * Each table gives its own first ones, in the order of its primary key, so that no more than a page is read of any.
 *
 * @example SELECT u.t, u.rev_id FROM (SELECT * FROM (SELECT 0 AS t, b.rev_id … LIMIT 51) b0 UNION ALL …) u … LIMIT 51
 */
export function feedKeys(
  dataSource: DataSource,
  plans: readonly AuditPlan[],
  { conditions }: FeedFilter,
  { order, limit }: FeedWindow,
): string {
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  const end = limit === undefined ? '' : ` LIMIT ${limit}`;
  const branches = plans.map((plan, t) => {
    const rows = `SELECT ${t} AS t, b.rev_id AS rev_id FROM ${tableOf(dataSource, plan)} b${where}`;
    return `SELECT * FROM (${rows}${limit === undefined ? '' : ` ORDER BY b.rev_id ${order}${end}`}) b${t}`;
  });
  return `SELECT u.t, u.rev_id FROM (${branches.join(' UNION ALL ')}) u ORDER BY u.rev_id ${order}${end}`;
}

/**
 * Reads the revisions of `feedKeys()` with their predecessors.
 *
 * Each table has columns of its own in the result, null in the rows of others, because in a common column values
 * would become of one type, and bigints, dates or bytes others than a timeline has.
 */
export function selectFeed(
  dataSource: DataSource,
  plans: readonly AuditPlan[],
  keys: string,
  { order }: FeedWindow,
  queryRunner?: QueryRunner,
): RevisionQuery {
  const query = dataSource
    .createQueryBuilder(queryRunner)
    .cache(false)
    .select('k.t', FEED_TABLE)
    .from<ObjectLiteral>(`(${keys})`, 'k');
  plans.forEach((plan, t) => joinTable(query, dataSource, plan, t));
  return query.orderBy('k.rev_id', order);
}

function joinTable(query: RevisionQuery, dataSource: DataSource, plan: AuditPlan, t: number): void {
  const [r, p] = [`r${t}`, `p${t}`];
  const prefix = prefixOf(t);
  const target = plan.revision.target as string;
  // A CASE, so that rows of other tables don't even look into the index.
  query.leftJoin(target, r, `${r}.rev_id = CASE WHEN k.t = ${t} THEN k.rev_id END`);
  const keys = plan.keys.map(({ databaseName }) => dataSource.driver.escape(databaseName));
  query.leftJoin(
    target,
    p,
    [...keys.map((key) => `${p}.${key} = ${r}.${key}`), `${p}.rev_version = ${r}.rev_version - 1`].join(
      ' AND ',
    ),
  );
  for (const [property, name] of Object.entries(REVISION_COLUMNS))
    query.addSelect(`${r}.${property}`, `${prefix}${name}`);
  query.addSelect(`${p}.revIsDelete`, `${prefix}p_isdelete`);
  for (const alias of ['r', 'p'] as const)
    addShownColumns(query, plan, alias, { aliasEnd: String(t), prefix });
}

/** A row of `selectFeed()` as `selectRevisions()` would have selected it from its own table. */
export function rowOfTable(row: ObjectLiteral, plan: AuditPlan, t: number): ObjectLiteral {
  return Object.fromEntries(resultNames(plan).map((name) => [name, row[`${prefixOf(t)}${name}`] as unknown]));
}

function resultNames(plan: AuditPlan): string[] {
  const shown = shownColumns(plan).flatMap((_, n) => [resultColumn('r', n), resultColumn('p', n)]);
  return [...Object.values(REVISION_COLUMNS), 'p_isdelete', ...shown];
}

function prefixOf(t: number): string {
  return `t${t}_`;
}

function tableOf(dataSource: DataSource, { revision }: AuditPlan): string {
  return revision.tablePath
    .split('.')
    .map((name) => dataSource.driver.escape(name))
    .join('.');
}
