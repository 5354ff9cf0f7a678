import { type DataSource, type ObjectLiteral, type QueryRunner, type SelectQueryBuilder } from 'typeorm';
import { type AuditPlan, type PlanColumn } from '../audited/audit-plan.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { type RowExpression } from '../dialect/dialect.js';
import { REVISION_COLUMNS } from '../revision/revision-columns.js';
import { shownColumns } from './shown-columns.js';

/** A select of revisions, aliased `r`, of one audited row. */
export type RevisionQuery = SelectQueryBuilder<ObjectLiteral>;

/** Where a select has the n-th shown column of a revision or of its predecessor. */
export function resultColumn(alias: 'r' | 'p', n: number): string {
  return `${alias}${n}`;
}

/** The revisions of one row: their own columns, under their database names, and the shown columns. */
export function selectRevisions(
  dataSource: DataSource,
  plan: AuditPlan,
  key: readonly unknown[],
  queryRunner?: QueryRunner,
): RevisionQuery {
  const query = dataSource
    .createQueryBuilder<ObjectLiteral>(plan.revision.target, 'r', queryRunner)
    // A cache that is always on would hide the newest revisions.
    .cache(false)
    .select([]);
  for (const [property, name] of Object.entries(REVISION_COLUMNS)) query.addSelect(`r.${property}`, name);
  addShownColumns(query, plan, 'r');
  plan.keys.forEach((column, n) =>
    query.andWhere(`${columnOf(dataSource, 'r')(column)} = :key${n}`, { [`key${n}`]: key[n] }),
  );
  return query;
}

/**
 * Adds the predecessor `p` of each revision: its `rev_isdelete` as `p_isdelete`, and the shown columns. Versions
 * have no gaps, so finding it is one probe of the (key, version) index, whichever revisions a filter leaves.
 */
export function addPredecessor(query: RevisionQuery, dataSource: DataSource, plan: AuditPlan): RevisionQuery {
  const [r, p] = [columnOf(dataSource, 'r'), columnOf(dataSource, 'p')];
  query.leftJoin(
    plan.revision.target as string,
    'p',
    [
      ...plan.keys.map((column) => `${p(column)} = ${r(column)}`),
      `p.${REVISION_COLUMNS.revVersion} = r.${REVISION_COLUMNS.revVersion} - 1`,
    ].join(' AND '),
  );
  query.addSelect('p.revIsDelete', 'p_isdelete');
  addShownColumns(query, plan, 'p');
  return query;
}

/**
 * Whether a revision changed one of the columns: as `changesOf` has it, but of the values in the database. They differ
 * at least where the hydrated ones do.
 */
export function changedCondition(dataSource: DataSource, columns: readonly PlanColumn[]): string {
  const { revIsDelete, revOperation } = REVISION_COLUMNS;
  const [r, p] = [columnOf(dataSource, 'r'), columnOf(dataSource, 'p')];
  const after: RowExpression = (column) => `CASE WHEN r.${revIsDelete} THEN NULL ELSE ${r(column)} END`;
  const before: RowExpression = (column) =>
    `CASE WHEN r.${revOperation} = 'insert' OR p.${revIsDelete} THEN NULL ELSE ${p(column)} END`;
  const differ = dialectOf(dataSource).differ(
    columns.map(({ copy }) => copy),
    after,
    before,
  );
  return (
    `r.${revOperation} <> 'baseline' AND ` +
    `(r.${revOperation} = 'insert' OR p.${revIsDelete} IS NOT NULL) AND (${differ})`
  );
}

/** Selects the shown columns of a revision under names of which `resultColumn()` is the end. */
export function addShownColumns(
  query: RevisionQuery,
  plan: AuditPlan,
  alias: 'r' | 'p',
  table = { aliasEnd: '', prefix: '' },
): void {
  shownColumns(plan).forEach(({ copy }, n) =>
    query.addSelect(
      `${alias}${table.aliasEnd}.${copy.propertyPath}`,
      `${table.prefix}${resultColumn(alias, n)}`,
    ),
  );
}

function columnOf(dataSource: DataSource, alias: 'r' | 'p'): (column: { databaseName: string }) => string {
  return ({ databaseName }) => `${alias}.${dataSource.driver.escape(databaseName)}`;
}
