import { type ObjectLiteral, type SelectQueryBuilder, type DataSource } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { type KeyTable } from '../../dialect/keys/key.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { type Statement } from '../../dialect/run/statement.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import { MAX_TABLES, namesOf } from '../revisions/changesets.js';
import { type Reading } from '../revisions/reading.js';
import {
  columnsHidingNull,
  PREVIOUS_ISDELETE,
  PREVIOUS_SHAPE,
  shownColumns,
} from '../reader/shown-columns.js';
import { addShownColumns } from '../revisions/revision-select.js';
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
    const query = revisionsOf(
      reading,
      plans,
      feedKeys(reading.tables.dataSource, plans, filter, window),
      changesets,
    );
    return query.orderBy('k.rev_id', window.order).getQuery();
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
    ).getQuery(),
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
): SelectQueryBuilder<ObjectLiteral> {
  const { dataSource } = reading.tables;
  const query = dataSource
    .createQueryBuilder()
    .select(`k.${FEED_TABLE}`, FEED_TABLE)
    .from<ObjectLiteral>(`(${keys})`, 'k');
  const any = (alias: 'r' | 'p', column: string): string => {
    const each = plans.map((_, t) => `${alias}${t}.${column}`);
    return each.length > 1 ? `coalesce(${each.join(', ')})` : each[0];
  };
  for (const name of Object.values(REVISION_COLUMNS)) query.addSelect(any('r', name), name);
  query.addSelect(any('p', REVISION_COLUMNS.revIsDelete), PREVIOUS_ISDELETE);
  query.addSelect(any('p', REVISION_COLUMNS.revShape), PREVIOUS_SHAPE);
  plans.forEach((plan, t) => joinTable(query, dataSource, plan, t));
  if (changesets) {
    const numbers = plans.map(({ number }, t) => `WHEN ${t} THEN ${number}`);
    query.leftJoin(
      auditPlansOf(dataSource).own!.changeset.target as string,
      'c',
      `c.id = ${any('r', REVISION_COLUMNS.revTransaction)} AND c.entity = CASE k.${FEED_TABLE} ${numbers.join(' ')} END`,
    );
    query.addSelect('c.action', CHANGESET_COLUMNS.action).addSelect('c.request', CHANGESET_COLUMNS.request);
    query.addSelect('c.onBehalf', CHANGESET_COLUMNS.onBehalf);
  }
  return query;
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
