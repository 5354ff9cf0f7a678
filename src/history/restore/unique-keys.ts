import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { classesOf } from '../../audited/foreign-keys.js';

/** Columns of a table whose values no two rows have in common: a unique constraint or a unique index. */
export interface UniqueKey {
  readonly columns: readonly PlanColumn[];
  /** Whether it is of some rows only, so that two rows may have the same values after all. */
  readonly isPartial: boolean;
  /** Whether the database checks it at the end of the transaction. */
  readonly isDeferred: boolean;
}

/**
 * The unique keys of a table beside its primary key, as far as the history has their columns: what is not recorded, or
 * masked, is not restored either.
 */
export function uniqueKeysOf(plan: AuditPlan): UniqueKey[] {
  const byColumn = new Map(plan.columns.map((column) => [column.databaseName, column]));
  const uniques = new Map<string, UniqueKey>();
  const add = (sources: readonly ColumnMetadata[], isPartial: boolean, isDeferred: boolean): void => {
    const columns = sources.map(({ databaseName }) => byColumn.get(databaseName));
    if (!columns.every((column) => column !== undefined && !column.mask)) return;
    if (plan.keys.every((key) => columns.includes(key))) return;
    const names = columns.map((column) => column!.databaseName);
    uniques.set([...names.sort(), isPartial].join('\n'), {
      columns: columns as PlanColumn[],
      isPartial,
      isDeferred,
    });
  };
  for (const metadata of classesOf(plan)) {
    for (const { columns, deferrable } of metadata.uniques)
      add(columns, false, deferrable === 'INITIALLY DEFERRED');
    for (const { isUnique, columns, where } of metadata.indices) if (isUnique) add(columns, !!where, false);
  }
  return [...uniques.values()];
}
