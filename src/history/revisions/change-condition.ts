import { type DataSource } from 'typeorm';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { isBlind, lacksColumn, recordedValue } from '../../audited/shapes/recorded-value.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';
import { previousValue } from './revision-select.js';

const { revIsDelete, revOperation } = REVISION_COLUMNS;

/**
 * The condition that a revision `r` with its predecessor `p` changed one of the columns. Unlike `changesOf()` it
 * compares the values in the database: they differ wherever the hydrated values differ, and sometimes elsewhere.
 */
export function changeCondition(
  dataSource: DataSource,
  plan: AuditPlan,
  columns: readonly PlanColumn[],
): string {
  const byCopy = new Map(columns.map((column) => [column.copy, column]));
  const differ = dialectOf(dataSource).types.differ(
    [...byCopy.keys()],
    (copy) => valueAfter(dataSource, plan, byCopy.get(copy)!),
    (copy) => valueBefore(dataSource, plan, byCopy.get(copy)!),
  );
  return (
    `r.${revOperation} <> 'baseline' AND ` +
    `(r.${revOperation} = 'insert' OR p.${revIsDelete} IS NOT NULL) AND (${differ})`
  );
}

/** SQL: the value of a column after a revision `r`; NULL if the revision deleted the row. */
export function valueAfter(dataSource: DataSource, plan: AuditPlan, column: PlanColumn): string {
  return `CASE WHEN r.${revIsDelete} THEN NULL ELSE ${recordedValue(dataSource, plan, 'r', column)} END`;
}

/** SQL: the value of a column before a revision `r` with its predecessor `p`; NULL if the row did not exist. */
export function valueBefore(dataSource: DataSource, plan: AuditPlan, column: PlanColumn): string {
  // A revision doesn't change what its writer didn't know.
  const untold = [lacksColumn(plan, 'r', column) ?? [], isBlind(plan, 'p', column) ?? []].flat();
  const unchanged =
    untold.length > 0 ? `WHEN ${untold.join(' OR ')} THEN ${valueAfter(dataSource, plan, column)} ` : '';
  return (
    `CASE ${unchanged}WHEN r.${revOperation} = 'insert' OR p.${revIsDelete} THEN NULL ` +
    `ELSE ${previousValue(dataSource, plan, column)} END`
  );
}
