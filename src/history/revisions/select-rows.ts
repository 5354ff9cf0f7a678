import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import { addPredecessor, addShownColumns, keyNames, type RevisionFilter } from './revision-select.js';

/** The result column with the number of a revision's row. */
export const ROW_NUMBER = 'row_number_of';

/**
 * Selects at most `{{limit}}` revisions of each of some rows, with their predecessors, in the order of the rows. The
 * key of the n-th row is `{{n_key0}}`, `{{n_key1}}`, …; a filter may name it `{{key0}}`, `{{key1}}`, ….
 *
 * Each row has a branch that reads its own versions by the index (key, version): a join would read all versions of all
 * rows first.
 *
 * @example SELECT … FROM (SELECT * FROM (SELECT 0 AS n, r.rev_id … LIMIT 51) b0 UNION ALL …) k JOIN reservation_rev r …
 */
export function selectRevisionsOfRows(
  dataSource: DataSource,
  plan: AuditPlan,
  count: number,
  filter: RevisionFilter,
): string {
  const branch = branchOf(dataSource, plan, filter);
  const branches = Array.from({ length: count }, (_, n) => branch(n)).join(' UNION ALL ');
  const query = dataSource
    .createQueryBuilder()
    .select(`k.${ROW_NUMBER}`, ROW_NUMBER)
    .from<ObjectLiteral>(`(${branches})`, 'k')
    .innerJoin(plan.revision.target as string, 'r', 'r.rev_id = k.rev_id');
  for (const name of Object.values(REVISION_COLUMNS)) query.addSelect(`r.${name}`, name);
  addShownColumns(query, dataSource, plan, 'r');
  addPredecessor(query, dataSource, plan);
  return query
    .orderBy(`k.${ROW_NUMBER}`)
    .addOrderBy(`r.${REVISION_COLUMNS.revVersion}`, filter.order)
    .getQuery();
}

/** Selects the first and the newest version, `first` and `last`, of each of some rows that has revisions. */
export function selectVersionsOfRows(dataSource: DataSource, plan: AuditPlan, count: number): string {
  const names = keyNames(dataSource, plan);
  const revisions = tableName(dataSource, plan.revision);
  return Array.from({ length: count }, (_, n) => {
    const isRow = keysEqual(names, 'v', (key) => `{{${keyParameter(n, key)}}}`);
    return (
      `SELECT ${n} AS ${ROW_NUMBER}, min(v.rev_version) AS first, max(v.rev_version) AS last ` +
      `FROM ${revisions} v WHERE ${isRow}`
    );
  }).join(' UNION ALL ');
}

/** The parameter with a key value of the n-th row. */
export function keyParameter(n: number, key: number): string {
  return `${n}_key${key}`;
}

function branchOf(
  dataSource: DataSource,
  plan: AuditPlan,
  { where = [], order = 'DESC', limit }: RevisionFilter,
): (n: number) => string {
  const names = keyNames(dataSource, plan);
  const revisions = tableName(dataSource, plan.revision);
  const conditions = [...names.map((name, key) => `r.${name} = {{key${key}}}`), ...where].join(' AND ');
  const predecessor = conditions.includes('p.')
    ? ` LEFT JOIN ${revisions} p ON ${keysEqual(names, 'p', 'r')} AND p.rev_version = r.rev_version - 1`
    : '';
  const end = limit === undefined ? '' : ` ${dialectOf(dataSource).sql.limit('{{limit}}')}`;
  return (n) =>
    `SELECT * FROM (SELECT ${n} AS ${ROW_NUMBER}, r.rev_id AS rev_id FROM ${revisions} r${predecessor} ` +
    `WHERE ${conditions.replace(/\{\{key(\d+)\}\}/g, (_, key) => `{{${keyParameter(n, Number(key))}}}`)} ` +
    `ORDER BY r.rev_version ${order}${end}) b${n}`;
}
