import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { classesOf } from '../../audited/foreign-keys.js';

/** A unique constraint or a unique index. */
export interface UniqueKey {
  readonly columns: readonly PlanColumn[];
  /** Whether it covers only some rows (a partial index), so that two rows may still have equal values. */
  readonly isPartial: boolean;
  /** DEFERRABLE INITIALLY DEFERRED: the database checks it at the COMMIT. */
  readonly isDeferred: boolean;
}

/**
 * The unique keys of a table without its primary key. A unique key with an unrecorded or masked column is left out,
 * because a restore doesn't write that column.
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
