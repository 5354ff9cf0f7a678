import { type DataSource } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type KeyTable } from '../../dialect/keys/key.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { compileStatement, type Statement } from '../../dialect/run/statement.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { namesOf } from '../revisions/changesets.js';
import { keyNames } from '../revisions/revision-select.js';
import { type RevisionTables } from '../revisions/revision-tables.js';
import { type FeedFilter } from './feed-filter.js';

/** The direction and the size of a page. */
export interface FeedWindow {
  readonly order: 'ASC' | 'DESC';
  readonly limit: number;
}

/** The number of revisions that a page with an unindexed filter looks through: in all tables, and at least in each. */
const MAX_LOOKED_THROUGH = 50_000;
const MIN_LOOKED_THROUGH = 100;

/** What tells the SQL of a filter, for the key of a statement. */
export function filterNames(
  plans: readonly AuditPlan[],
  { ids, tables }: FeedFilter,
  { order, limit }: FeedWindow,
): string[] {
  return [
    order,
    String(limit),
    ...ids,
    ...plans.flatMap((plan) => [plan.revision.tablePath, ...(tables.get(plan) ?? [])]),
  ];
}

/**
 * Reads the ids and tables of the revisions of a page. Which tables it reads depends on the page, so it is not kept.
 */
export function selectKeys(
  { dataSource }: RevisionTables,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
): Statement {
  return compileStatement(dialectOf(dataSource), feedKeys(dataSource, plans, filter, window));
}

/**
 * SQL that merges the `rev_id`s of all tables into one order, each with the number of its table.
 *
 * Each table contributes at most a page, in the order of its primary key.
 *
 * @example SELECT u.t AS feed_table, u.rev_id FROM (SELECT * FROM (SELECT 0 AS t, r.rev_id … LIMIT 51) b0 UNION ALL …) u … LIMIT 51
 */
export function feedKeys(
  dataSource: DataSource,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  { order, limit }: FeedWindow,
): string {
  const { sql } = dialectOf(dataSource);
  const end = ` ORDER BY {alias}.rev_id ${order} ${sql.limit(limit)}`;
  const branches = plans.map((plan, t) => {
    const from = revisionsFiltered(dataSource, plan, filter);
    if (!filter.byTransaction)
      return `SELECT * FROM (SELECT ${t} AS t, r.rev_id AS rev_id FROM ${from}${end.replace('{alias}', 'r')}) b${t}`;
    // A transaction has few revisions, or many that lie together: the primary key's order would lead through all others.
    const found = `SELECT r.rev_id AS rev_id FROM ${from}${sql.unordered}`;
    return `SELECT * FROM (SELECT ${t} AS t, f.rev_id AS rev_id FROM (${found}) f${end.replace('{alias}', 'f')}) b${t}`;
  });
  return (
    `SELECT u.t AS feed_table, u.rev_id AS rev_id FROM (${branches.join(' UNION ALL ')}) u` +
    end.replace('{alias}', 'u')
  );
}

/**
 * The revisions `r` of a table that a filter lets through, for FROM.
 *
 * @param join SQL that joins them to other rows, with their table in place of `{{table}}`
 */
export function revisionsFiltered(
  dataSource: DataSource,
  plan: AuditPlan,
  { ids, tables, predecessors }: FeedFilter,
  join = '{{table}}',
  more: readonly string[] = [],
): string {
  const table = tableName(dataSource, plan.revision);
  const predecessor = predecessors.has(plan)
    ? ` LEFT JOIN ${table} p ON ${keysEqual(keyNames(dataSource, plan), 'p', 'r')} AND p.rev_version = r.rev_version - 1`
    : '';
  const conditions = [...ids, ...(tables.get(plan) ?? []), ...more];
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  return `${join.replace('{{table}}', () => `${table} r`)}${predecessor}${where}`;
}

/** Reads the newest `rev_id` of each table within the filter's bounds on it: `h0`, `h1`, …; null where there is none. */
export function selectHeads(
  tables: RevisionTables,
  plans: readonly AuditPlan[],
  { ids }: FeedFilter,
): Statement {
  const { dataSource } = tables;
  const { sql } = dialectOf(dataSource);
  return tables.statement(['heads', ...ids, namesOf(plans)].join('\n'), () => {
    const heads = plans.map(
      (plan, t) =>
        `(SELECT r.rev_id FROM ${tableName(dataSource, plan.revision)} r${whereIds(ids)} ` +
        `ORDER BY r.rev_id DESC ${sql.limit(1)}) AS h${t}`,
    );
    return `SELECT ${heads.join(', ')}`;
  });
}

/**
 * Finds the lowest `rev_id` that a page looks at; no row if the page reaches the end of every table.
 *
 * LIMIT with OFFSET reads only entries of the primary key: about 5 ms for all revisions that a page looks through.
 *
 * @param among the number of tables that the page looks through
 */
export function selectFloor(
  tables: RevisionTables,
  plans: readonly AuditPlan[],
  { ids }: FeedFilter,
  among: number,
): Statement {
  const { dataSource } = tables;
  const passed = Math.max(MIN_LOOKED_THROUGH, Math.floor(MAX_LOOKED_THROUGH / among));
  return tables.statement(['floor', passed, ...ids, namesOf(plans)].join('\n'), () => {
    const { sql } = dialectOf(dataSource);
    const floors = plans.map(
      (plan, t) =>
        `SELECT * FROM (SELECT r.rev_id AS rev_id FROM ${tableName(dataSource, plan.revision)} r${whereIds(ids)} ` +
        `ORDER BY r.rev_id DESC ${sql.limit(1, passed)}) b${t}`,
    );
    return `SELECT u.rev_id AS rev_id FROM (${floors.join(' UNION ALL ')}) u ORDER BY u.rev_id DESC ${sql.limit(1)}`;
  });
}

function whereIds(ids: readonly string[]): string {
  return ids.length > 0 ? ` WHERE ${ids.join(' AND ')}` : '';
}

/** From so many revisions on, those of a transaction in a table are read by the primary key. */
const CROWDED = 5_000;

/** Tells, for each table, whether the transaction `{{transaction}}` has thousands of revisions: `t0`, `t1`, …, else null. */
export function selectCrowded(tables: RevisionTables, plans: readonly AuditPlan[]): Statement {
  const { dataSource } = tables;
  const { sql } = dialectOf(dataSource);
  return tables.statement(`crowded\n${namesOf(plans)}`, () => {
    const each = plans.map(
      (plan, t) =>
        `(SELECT 1 FROM ${tableName(dataSource, plan.revision)} r WHERE r.rev_transaction = {{transaction}} ` +
        `${sql.limit(1, CROWDED)}) AS t${t}`,
    );
    return `SELECT ${each.join(', ')}`;
  });
}

/** Counts, for each table, the revisions of the transaction `{{transaction}}`, behind `{{behind}}`: `t0`, `t1`, … */
export function selectCounts(
  tables: RevisionTables,
  plans: readonly AuditPlan[],
  isBehind: boolean,
): Statement {
  const { dataSource } = tables;
  return tables.statement(`counts\n${isBehind}\n${namesOf(plans)}`, () => {
    const behind = isBehind ? ' AND r.rev_id > {{behind}}' : '';
    const each = plans.map(
      (plan, t) =>
        `(SELECT count(*) FROM ${tableName(dataSource, plan.revision)} r ` +
        `WHERE r.rev_transaction = {{transaction}}${behind}) AS t${t}`,
    );
    return `SELECT ${each.join(', ')}`;
  });
}

/**
 * Reads the `rev_id`s of a table behind `{{after}}`, by the primary key, and whether each belongs to the transaction
 * `{{transaction}}` and meets the filter: `own`.
 */
export function selectWindow(
  tables: RevisionTables,
  plan: AuditPlan,
  filter: FeedFilter,
  { order, limit }: FeedWindow,
): Statement {
  const { dataSource } = tables;
  const { ids, tables: conditions } = filter;
  const isOwn = ['r.rev_transaction = {{transaction}}', ...ids, ...(conditions.get(plan) ?? [])];
  return tables.statement(
    ['window', order, limit, filter.predecessors.has(plan), ...isOwn, namesOf([plan])].join('\n'),
    () =>
      `SELECT r.rev_id AS rev_id, CASE WHEN ${isOwn.join(' AND ')} THEN 1 ELSE 0 END AS own ` +
      `FROM ${revisionsFiltered(dataSource, plan, { ...filter, ids: [], tables: new Map() }, undefined, [
        `r.rev_id ${order === 'DESC' ? '<' : '>'} {{after}}`,
      ])} ORDER BY r.rev_id ${order} ${dialectOf(dataSource).sql.limit(limit)}`,
  );
}

/**
 * Reads the revisions of transactions: the numbers of their tables, their ids and their transactions. They come in the
 * order of transactions, and of `rev_id` in each, newest first.
 *
 * @param ids the number of a table and a transaction that wrote it
 */
export function selectByTransactions(
  { dataSource }: RevisionTables,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  ids: KeyTable,
  limit: number,
): Statement {
  const dialect = dialectOf(dataSource);
  const ordered = (alias: string): string =>
    `ORDER BY ${alias}.rev_transaction DESC, ${alias}.rev_id DESC ${dialect.sql.limit(limit)}`;
  const branches = plans.map((plan, t) => {
    const join = `written k ${dialect.sql.leadingJoin} {{table}} ON r.rev_transaction = k.id AND k.t = ${t}`;
    return (
      `SELECT * FROM (SELECT ${t} AS t, r.rev_id AS rev_id, r.rev_transaction AS rev_transaction ` +
      `FROM ${revisionsFiltered(dataSource, plan, filter, join)} ${ordered('r')}) b${t}`
    );
  });
  return compileStatement(
    dialect,
    `WITH written AS (SELECT ${ids.key(0)} AS t, ${ids.key(1)} AS id FROM ${ids.sql}) ` +
      `SELECT u.t AS feed_table, u.rev_id AS rev_id, u.rev_transaction AS rev_transaction ` +
      `FROM (${branches.join(' UNION ALL ')}) u ${ordered('u')}`,
  );
}
