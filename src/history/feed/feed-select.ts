import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type KeyTable } from '../../dialect/keys/key.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { type Statement } from '../../dialect/run/statement.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import { changesetTable, MAX_TABLES, namesOf } from '../revisions/changesets.js';
import { type Reading } from '../revisions/reading.js';
import {
  columnsHidingNull,
  PREVIOUS_ISDELETE,
  PREVIOUS_SHAPE,
  shownColumns,
} from '../reader/shown-columns.js';
import { addShownColumns, keyNames } from '../revisions/revision-select.js';
import { type FeedFilter } from './feed-filter.js';
import { feedKeys, type FeedWindow, filterNames } from './key-select.js';

/** The result column with the number of a row's table. */
export const FEED_TABLE = 'feed_table';

// A result of PostgreSQL has at most 1,664 columns.
const MAX_COLUMNS = 1_500;

/** The prefix of the shown columns of the t-th table. */
export function feedPrefix(t: number): string {
  return `t${t}_`;
}

/** The result columns of a revision's changeset. */
export const CHANGESET_COLUMNS = {
  action: 'c_action',
  request: 'c_request',
  onBehalf: 'c_on_behalf',
} as const;

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

/** Reads the newest revisions of some tables, in the order of their `rev_id`, with their predecessors. */
export function selectFeed(
  reading: Reading,
  plans: readonly AuditPlan[],
  filter: FeedFilter,
  window: FeedWindow,
  changesets: boolean,
): Statement {
  const key = ['rows', changesets, ...filterNames(plans, filter, window)].join('\n');
  return reading.tables.statement(key, () => {
    const revisions = revisionsOf(
      reading,
      plans,
      feedKeys(reading.tables.dataSource, plans, filter, window),
      changesets,
    );
    return `${revisions} ORDER BY k.rev_id ${window.order}`;
  });
}

/** Reads revisions, with their predecessors, by the numbers of their tables and their ids in a key table. */
export function selectRevisionsById(
  reading: Reading,
  plans: readonly AuditPlan[],
  ids: KeyTable,
  changesets: boolean,
): Statement {
  return reading.tables.statement(['by id', changesets, namesOf(plans)].join('\n'), () =>
    revisionsOf(
      reading,
      plans,
      `SELECT ${ids.key(0)} AS ${FEED_TABLE}, ${ids.key(1)} AS rev_id FROM ${ids.sql}`,
      changesets,
    ),
  );
}

/**
 * Each table has result columns of its own for its shown columns, null in the rows of other tables. A shared result
 * column would have one type, and its bigints, dates or bytes would differ from a timeline's. The columns of the
 * revision itself are shared.
 *
 * @param keys SQL that selects `feed_table` and `rev_id`
 * @param changesets whether each revision comes with the columns of its changeset
 */
function revisionsOf(
  reading: Reading,
  plans: readonly AuditPlan[],
  keys: string,
  changesets: boolean,
): string {
  const any = (alias: 'r' | 'p', column: string): string => {
    const each = plans.map((_, t) => `${alias}${t}.${column}`);
    return each.length > 1 ? `coalesce(${each.join(', ')})` : each[0];
  };
  const { revIsDelete, revShape, revTransaction } = REVISION_COLUMNS;
  const numbers = plans.map(({ number }, t) => `WHEN ${t} THEN ${number}`);
  const tables = plans.map((plan, t) => partOf(reading, plan, t));
  const columns = [
    `k.${FEED_TABLE} AS ${FEED_TABLE}`,
    ...Object.values(REVISION_COLUMNS).map((name) => `${any('r', name)} AS ${name}`),
    `${any('p', revIsDelete)} AS ${PREVIOUS_ISDELETE}`,
    `${any('p', revShape)} AS ${PREVIOUS_SHAPE}`,
    ...tables.map((table) => table.columns),
  ];
  const joins = tables.map((table) => table.joins);
  if (changesets) {
    const { action, request, onBehalf } = CHANGESET_COLUMNS;
    columns.push(`c.action AS ${action}`, `c.request AS ${request}`, `c.on_behalf AS ${onBehalf}`);
    joins.push(
      `LEFT JOIN ${changesetTable(reading)} c ON c.id = ${any('r', revTransaction)} ` +
        `AND c.entity = CASE k.${FEED_TABLE} ${numbers.join(' ')} END`,
    );
  }
  return `SELECT ${columns.join(', ')} FROM (${keys}) k ${joins.join(' ')}`;
}

/** Stands for the number of a table. */
const NUMBER = 'audit0table';

/** The columns and joins of the t-th table. TypeORM builds them once, because that takes longer than to run them. */
function partOf({ tables }: Reading, plan: AuditPlan, t: number): { columns: string; joins: string } {
  const { dataSource } = tables;
  const { columns, joins } = tables.of(plan).part(() => {
    const [r, p] = [`r${NUMBER}`, `p${NUMBER}`];
    const target = plan.revision.target as string;
    const query = dataSource.createQueryBuilder().select([]).from<ObjectLiteral>('(SELECT 1)', 'k');
    // The CASE keeps rows of other tables from probing the index.
    query.leftJoin(target, r, `${r}.rev_id = CASE WHEN k.${FEED_TABLE} = ${NUMBER} THEN k.rev_id END`);
    const keys = keyNames(dataSource, plan);
    query.leftJoin(target, p, `${keysEqual(keys, p, r)} AND ${p}.rev_version = ${r}.rev_version - 1`);
    for (const alias of ['r', 'p'] as const)
      addShownColumns(query, dataSource, plan, alias, { aliasEnd: NUMBER, prefix: `t${NUMBER}_` });
    const [selected, joined] = query.getQuery().split(` FROM (SELECT 1) ${dataSource.driver.escape('k')} `);
    return { columns: selected.replace('SELECT ', ''), joins: joined };
  });
  return { columns: columns.replaceAll(NUMBER, String(t)), joins: joins.replaceAll(NUMBER, String(t)) };
}
