import { type EntityMetadata } from 'typeorm';
import { type AuditPlan } from '../audited/audit-plan.js';
import { tableName } from '../dialect/catalogue/table-name.js';
import { type ColumnChange, type ColumnChanges, defaultOf } from '../typeorm/column-changes.js';
import { type SchemaBuild } from '../typeorm/patches/schema-builder.patch.js';
import { type SchemaStatements } from '../typeorm/schema-statements.js';
import { recordOf } from './record-of.js';
import { type Rename } from './rename-columns.js';
import { type TableDraft } from './table-draft.js';

/**
 * The statements that record that a migration has emptied columns of an audited table, so that nobody is blamed for it:
 * TypeORM drops and adds a column to change its type, and a revert adds a column again that was dropped.
 *
 * They look at the rows when the migration runs. So they record nothing where somebody has put a statement that keeps
 * the values in place of TypeORM's.
 */
export function noteEmptied(
  { dataSource, tableOf }: SchemaBuild,
  draft: TableDraft,
  plan: AuditPlan,
  changes: ColumnChanges,
  renames: readonly Rename[],
  maintenance: EntityMetadata,
): SchemaStatements {
  const audited = tableOf(plan.metadata);
  const formerly = (name: string): string => renames.find(([, to]) => to === name)?.[0] ?? name;
  const ours = (of: readonly ColumnChange[]): ColumnChange[] =>
    of.filter(({ table, name }) => table.name === audited?.name && !!draft.find(formerly(name)));
  const note = (name: string, value: string | undefined): string[] => {
    const column = dataSource.driver.escape(name);
    const hasValue =
      value === undefined ? `${column} IS NOT NULL` : `${column} IS NULL OR ${column} <> ${value}`;
    const isEmpty = `NOT EXISTS (SELECT 1 FROM ${tableName(dataSource, plan.metadata)} WHERE ${hasValue})`;
    return recordOf(dataSource, maintenance, plan, 'emptied', name, isEmpty);
  };
  const emptied = ours(changes.emptied);
  return {
    up: [...emptied, ...ours(changes.added)].flatMap(({ name }) =>
      note(name, defaultOf(audited!.findColumnByName(name))),
    ),
    down: [...emptied, ...ours(changes.dropped)].flatMap((change) =>
      note(formerly(change.name), change.default),
    ),
  };
}
