import { type DataSource } from 'typeorm';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { comparedValue, isBlind, lacksColumn, recordedValue } from '../../audited/shapes/recorded-value.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';

const { revCreated, revIsDelete, revOperation } = REVISION_COLUMNS;

/** The aliases of a revision and its predecessor. */
export interface Aliases {
  readonly r: string;
  readonly p: string;
}

const ALIASES: Aliases = { r: 'r', p: 'p' };

/**
 * The condition that a revision `r` with its predecessor `p` changed one of the columns. Unlike `changesOf()` it
 * compares the values in the database: they differ wherever the hydrated values differ, and sometimes elsewhere.
 */
export function changeCondition(
  dataSource: DataSource,
  plan: AuditPlan,
  columns: readonly PlanColumn[],
): string {
  const differ = differCondition(dataSource, plan, columns, ALIASES);
  return (
    `r.${revOperation} <> 'baseline' AND ` +
    `(r.${revOperation} = 'insert' OR p.${revIsDelete} IS NOT NULL) AND (${differ})`
  );
}

/** Whether updates of a table can be quiet. */
export function hasQuiet(dataSource: DataSource, plan: AuditPlan): boolean {
  return wholePlan(dataSource, plan).columns.some(({ isQuiet }) => isQuiet);
}

// Another entity on the table may have other columns, and a revision is the same for all.
function wholePlan(dataSource: DataSource, plan: AuditPlan): AuditPlan {
  return auditPlansOf(dataSource).find(plan.metadata) ?? plan;
}

/**
 * The condition that a revision is not quiet: it changed more than quiet columns, or nobody knows.
 *
 * It compares the columns that are never shown too. The predecessor has to be joined, and may be missing.
 */
export function loudCondition(dataSource: DataSource, plan: AuditPlan, aliases = ALIASES): string {
  const { r, p } = aliases;
  const { columns: all, keys } = wholePlan(dataSource, plan);
  const columns = all.filter((column) => !column.isQuiet && !keys.includes(column));
  const unknown = columns.flatMap((column) => {
    const blind = isBlind(plan, p, column);
    const lacks = lacksColumn(plan, r, column);
    return blind ? [lacks ? `(${blind} AND NOT ${lacks})` : blind] : [];
  });
  const loud = columns.length > 0 ? [differCondition(dataSource, plan, columns, aliases), ...unknown] : [];
  const isOther = `${r}.${revOperation} <> 'update' OR ${p}.${revIsDelete} IS NULL OR ${p}.${revIsDelete}`;
  return `(${[isOther, ...loud].join(' OR ')})`;
}

function differCondition(
  dataSource: DataSource,
  plan: AuditPlan,
  columns: readonly PlanColumn[],
  aliases: Aliases,
): string {
  const byCopy = new Map(columns.map((column) => [column.copy, column]));
  return dialectOf(dataSource).types.differ(
    [...byCopy.keys()],
    (copy) => valueAfter(dataSource, plan, byCopy.get(copy)!, aliases),
    (copy) => valueBefore(dataSource, plan, byCopy.get(copy)!, aliases),
  );
}

/** SQL: the value of a column after a revision; NULL if the revision deleted the row. */
export function valueAfter(
  dataSource: DataSource,
  plan: AuditPlan,
  column: PlanColumn,
  { r } = ALIASES,
): string {
  return `CASE WHEN ${r}.${revIsDelete} THEN NULL ELSE ${recordedValue(dataSource, plan, r, column)} END`;
}

/** SQL: the value of a column before a revision, by its predecessor; NULL if the row did not exist. */
export function valueBefore(
  dataSource: DataSource,
  plan: AuditPlan,
  column: PlanColumn,
  aliases = ALIASES,
): string {
  const { r, p } = aliases;
  // A revision doesn't change what its writer didn't know.
  const untold = [lacksColumn(plan, r, column) ?? [], isBlind(plan, p, column) ?? []].flat();
  const unchanged =
    untold.length > 0
      ? `WHEN ${untold.join(' OR ')} THEN ${valueAfter(dataSource, plan, column, aliases)} `
      : '';
  return (
    `CASE ${unchanged}WHEN ${r}.${revOperation} = 'insert' OR ${p}.${revIsDelete} THEN NULL ` +
    `ELSE ${previousValue(dataSource, plan, column, aliases)} END`
  );
}

/** SQL: the value before a revision, of its predecessor or what a migration has left of it in between. */
export function previousValue(
  dataSource: DataSource,
  plan: AuditPlan,
  column: PlanColumn,
  { r, p }: Aliases,
): string {
  return comparedValue(dataSource, plan, p, column, `${r}.${revCreated}`);
}
