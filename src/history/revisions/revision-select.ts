import { type DataSource, type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { recordedValue } from '../../audited/shapes/recorded-value.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import {
  columnsHidingNull,
  keptColumn,
  presenceColumn,
  PREVIOUS_ISDELETE,
  PREVIOUS_SHAPE,
  QUIET,
  resultColumn,
  shownColumns,
} from '../reader/shown-columns.js';
import { type Aliases, hasQuiet, loudCondition, previousValue } from './change-condition.js';

/** Filter and order of a row's revisions; by default all of them, in no order. */
export interface RevisionFilter {
  /** SQL conditions on the revision `r` and, if selected, its predecessor `p`, with `{{name}}` for a value. */
  readonly where?: readonly string[];
  readonly values?: Readonly<ObjectLiteral>;
  /** By version. */
  readonly order?: 'ASC' | 'DESC';
  readonly limit?: number;
}

/**
 * Selects at most `{{limit}}` revisions of the row with the key `{{key0}}`, `{{key1}}`, …: the columns of the revision
 * under their database names, and the shown columns.
 *
 * @param predecessor whether each revision comes with its predecessor. Versions have no gaps, so the predecessor costs
 *   one probe of the (key, version) index, whatever the filter.
 */
export function selectRevisions(
  dataSource: DataSource,
  plan: AuditPlan,
  { where = [], order, limit }: RevisionFilter,
  predecessor: boolean,
): string {
  const query = dataSource.createQueryBuilder<ObjectLiteral>(plan.revision.target, 'r').select([]);
  for (const name of Object.values(REVISION_COLUMNS)) query.addSelect(`r.${name}`, name);
  addShownColumns(query, dataSource, plan, 'r');
  if (predecessor) addPredecessor(query, dataSource, plan);
  const isKey = keyNames(dataSource, plan).map((name, n) => `r.${name} = {{key${n}}}`);
  for (const condition of [...isKey, ...where]) query.andWhere(condition);
  if (order) query.orderBy(`r.${REVISION_COLUMNS.revVersion}`, order);
  return `${query.getQuery()}${limit === undefined ? '' : ` ${dialectOf(dataSource).sql.limit('{{limit}}')}`}`;
}

/** Selects the first and the newest version, `first` and `last`, of the row with the key `{{key0}}`, `{{key1}}`, …. */
export function selectVersions(dataSource: DataSource, plan: AuditPlan): string {
  const { revVersion } = REVISION_COLUMNS;
  const from = versionsOfRow(dataSource, plan);
  return `SELECT min(v.${revVersion}) AS first, max(v.${revVersion}) AS last ${from}`;
}

/** Selects the newest version of the row with the key `{{key0}}`, `{{key1}}`, …. */
export function newestVersion(dataSource: DataSource, plan: AuditPlan): string {
  return `SELECT max(v.${REVISION_COLUMNS.revVersion}) ${versionsOfRow(dataSource, plan)}`;
}

function versionsOfRow(dataSource: DataSource, plan: AuditPlan): string {
  const isRow = keysEqual(keyNames(dataSource, plan), 'v', (n) => `{{key${n}}}`);
  return `FROM ${tableName(dataSource, plan.revision)} v WHERE ${isRow}`;
}

/** The key columns of a table, escaped. */
export function keyNames({ driver }: DataSource, { keys }: AuditPlan): string[] {
  return keys.map(({ databaseName }) => driver.escape(databaseName));
}

/** Joins the predecessor `p` of each revision `r`, and selects its columns. */
export function addPredecessor(
  query: SelectQueryBuilder<ObjectLiteral>,
  dataSource: DataSource,
  plan: AuditPlan,
): void {
  const { revIsDelete, revShape, revVersion } = REVISION_COLUMNS;
  const same = keysEqual(keyNames(dataSource, plan), 'p', 'r');
  query.leftJoin(plan.revision.target as string, 'p', `${same} AND p.${revVersion} = r.${revVersion} - 1`);
  query.addSelect(`p.${revIsDelete}`, PREVIOUS_ISDELETE).addSelect(`p.${revShape}`, PREVIOUS_SHAPE);
  addShownColumns(query, dataSource, plan, 'p');
}

/**
 * Selects the shown columns of a revision, named by `resultColumn()` behind a prefix. A predecessor's key is left out,
 * because it equals the revision's.
 */
export function addShownColumns(
  query: SelectQueryBuilder<ObjectLiteral>,
  dataSource: DataSource,
  plan: AuditPlan,
  alias: 'r' | 'p',
  table = { aliasEnd: '', prefix: '' },
): void {
  const hiding = columnsHidingNull(dataSource, plan);
  const aliases: Aliases = { r: `r${table.aliasEnd}`, p: `p${table.aliasEnd}` };
  if (alias === 'p' && hasQuiet(dataSource, plan))
    query.addSelect(
      `CASE WHEN ${loudCondition(dataSource, plan, aliases)} THEN 0 ELSE 1 END`,
      `${table.prefix}${QUIET}`,
    );
  if (alias === 'r')
    plan.kept.forEach((name, n) =>
      query.addSelect(`${aliases.r}.${dataSource.driver.escape(name)}`, `${table.prefix}${keptColumn(n)}`),
    );
  shownColumns(plan).forEach((column, n) => {
    if (alias === 'p' && plan.keys.includes(column)) return;
    const { databaseName } = column;
    const path =
      alias === 'p' && plan.emptied.has(databaseName)
        ? previousValue(dataSource, plan, column, aliases)
        : plan.gaps.has(databaseName)
          ? recordedValue(dataSource, plan, aliases[alias], column)
          : `${aliases[alias]}.${column.copy.propertyPath}`;
    const name = `${table.prefix}${resultColumn(alias, n)}`;
    query.addSelect(path, name);
    if (hiding.includes(column))
      query.addSelect(`CASE WHEN ${path} IS NOT NULL THEN 1 END`, presenceColumn(name));
  });
}
