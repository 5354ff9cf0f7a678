import { dialectOf } from '../../dialect/dialect-of.js';
import { type DataSource, type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { type Statement } from '../../dialect/run/statement.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import { type ClassFilter } from '../revisions/class-filter.js';
import { type RevisionTables } from '../revisions/revision-tables.js';
import {
  columnsHidingNull,
  PREVIOUS_ISDELETE,
  PREVIOUS_SHAPE,
  shownColumns,
} from '../reader/shown-columns.js';
import { addShownColumns } from '../revisions/revision-select.js';

/** Narrows the revisions of a table, aliased `b`, by SQL with `{{name}}` for a value. */
export interface FeedFilter {
  readonly conditions: readonly string[];
  readonly values: Readonly<ObjectLiteral>;
  /** Conditions on the revisions of single tables. */
  readonly classes?: ReadonlyMap<AuditPlan, ClassFilter>;
}

/** The direction and the size of a page. */
export interface FeedWindow {
  readonly order: 'ASC' | 'DESC';
  readonly limit: number | undefined;
}

/** The result column with the number of a row's table. */
export const FEED_TABLE = 'feed_table';

// MariaDB and MySQL join at most 61 tables, and a result of PostgreSQL has at most 1,664 columns.
const MAX_TABLES = 25;
const MAX_COLUMNS = 1_500;

/** The number of revisions that a page with an unindexed filter looks through: in all tables, and at least in each. */
const MAX_LOOKED_THROUGH = 50_000;
const MIN_LOOKED_THROUGH = 1_000;

const FLOOR: FeedWindow = { order: 'DESC', limit: 1 };

/** Divides tables into groups that one statement can join. */
export function feedGroups(dataSource: DataSource, plans: readonly AuditPlan[]): AuditPlan[][] {
  const groups: AuditPlan[][] = [];
  let columns = 0;
  for (const plan of plans) {
    const width =
      (shownColumns(plan).length + columnsHidingNull(dataSource, plan).length) * 2 + plan.kept.length;
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
 * Reads the revisions of some tables in the order of their `rev_id`, with their predecessors.
 *
 * Each table has result columns of its own for its shown columns, null in the rows of other tables. A shared result
 * column would have one type, and its bigints, dates or bytes would differ from a timeline's. The columns of the
 * revision itself are shared.
 */
export function selectFeed(
  tables: RevisionTables,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
): Statement {
  return feedStatement(tables, 'rows', plans, filter, window, () => {
    const { dataSource } = tables;
    const keys = feedKeys(dataSource, plans, filter, window);
    const query = dataSource
      .createQueryBuilder()
      .select(`k.${FEED_TABLE}`, FEED_TABLE)
      .from<ObjectLiteral>(`(${keys})`, 'k');
    const common = (alias: 'r' | 'p', column: string, name: string): void => {
      const each = plans.map((_, t) => `${alias}${t}.${column}`);
      query.addSelect(each.length > 1 ? `coalesce(${each.join(', ')})` : each[0], name);
    };
    for (const name of Object.values(REVISION_COLUMNS)) common('r', name, name);
    common('p', REVISION_COLUMNS.revIsDelete, PREVIOUS_ISDELETE);
    common('p', REVISION_COLUMNS.revShape, PREVIOUS_SHAPE);
    plans.forEach((plan, t) => joinTable(query, dataSource, plan, t));
    return query.orderBy('k.rev_id', window.order).getQuery();
  });
}

/** Reads the ids and tables of the revisions of `selectFeed()`, for more tables than one statement can join. */
export function selectFeedKeys(
  tables: RevisionTables,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
): Statement {
  return feedStatement(tables, 'keys', plans, filter, window, () =>
    feedKeys(tables.dataSource, plans, filter, window),
  );
}

/**
 * Finds the lowest `rev_id` that a page looks at; no row if the page reaches the end of every table.
 *
 * LIMIT with OFFSET reads only entries of the primary key: about 5 ms for all revisions that a page looks through.
 */
export function selectFloor(
  tables: RevisionTables,
  plans: readonly AuditPlan[],
  { conditions, values }: FeedFilter,
): Statement {
  return feedStatement(tables, 'floor', plans, { conditions, values }, FLOOR, () => {
    const { sql } = dialectOf(tables.dataSource);
    const passed = Math.max(MIN_LOOKED_THROUGH, Math.floor(MAX_LOOKED_THROUGH / plans.length));
    // Only the bounds on `rev_id` use an index.
    const where = conditions.filter((condition) => condition.startsWith('b.rev_id '));
    const floors = plans.map(
      (plan, t) =>
        `SELECT * FROM (SELECT b.rev_id AS rev_id FROM ${tableName(tables.dataSource, plan.revision)} b` +
        `${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''} ` +
        `ORDER BY b.rev_id DESC ${sql.limit(1, passed)}) b${t}`,
    );
    return `SELECT u.rev_id AS rev_id FROM (${floors.join(' UNION ALL ')}) u ORDER BY u.rev_id DESC ${sql.limit(1)}`;
  });
}

function conditionsOf(plan: AuditPlan, { conditions, classes }: FeedFilter): string[] {
  const ofClass = classes?.get(plan);
  return ofClass ? [...conditions, ofClass.condition('b')] : [...conditions];
}

/** The prefix of the shown columns of the t-th table. */
export function feedPrefix(t: number): string {
  return `t${t}_`;
}

function feedStatement(
  revisionTables: RevisionTables,
  kind: string,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  { order, limit }: FeedWindow,
  template: () => string,
): Statement {
  const tables = plans.flatMap((plan) => [plan.revision.tablePath, ...conditionsOf(plan, filter)]);
  return revisionTables.statement([kind, order, limit, ...tables].join('\n'), template);
}

/**
 * SQL that merges the `rev_id`s of all tables into one order, each with the number of its table.
 *
 * Each table contributes at most a page, in the order of its primary key.
 *
 * @example SELECT u.t AS feed_table, u.rev_id FROM (SELECT * FROM (SELECT 0 AS t, b.rev_id … LIMIT 51) b0 UNION ALL …) u … LIMIT 51
 */
function feedKeys(
  dataSource: DataSource,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  { order, limit }: FeedWindow,
): string {
  const end = limit === undefined ? '' : ` ${dialectOf(dataSource).sql.limit(limit)}`;
  const branches = plans.map((plan, t) => {
    const conditions = conditionsOf(plan, filter);
    const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
    const rows = `SELECT ${t} AS t, b.rev_id AS rev_id FROM ${tableName(dataSource, plan.revision)} b${where}`;
    return `SELECT * FROM (${rows}${limit === undefined ? '' : ` ORDER BY b.rev_id ${order}${end}`}) b${t}`;
  });
  return (
    `SELECT u.t AS ${FEED_TABLE}, u.rev_id AS rev_id FROM (${branches.join(' UNION ALL ')}) u ` +
    `ORDER BY u.rev_id ${order}${end}`
  );
}

function joinTable(
  query: SelectQueryBuilder<ObjectLiteral>,
  dataSource: DataSource,
  plan: AuditPlan,
  t: number,
): void {
  const [r, p] = [`r${t}`, `p${t}`];
  const target = plan.revision.target as string;
  // The CASE keeps rows of other tables from probing the index.
  query.leftJoin(target, r, `${r}.rev_id = CASE WHEN k.${FEED_TABLE} = ${t} THEN k.rev_id END`);
  const keys = plan.keys.map(({ databaseName }) => dataSource.driver.escape(databaseName));
  query.leftJoin(target, p, `${keysEqual(keys, p, r)} AND ${p}.rev_version = ${r}.rev_version - 1`);
  for (const alias of ['r', 'p'] as const)
    addShownColumns(query, dataSource, plan, alias, { aliasEnd: String(t), prefix: feedPrefix(t) });
}
