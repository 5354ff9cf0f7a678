import { type AuditPlan } from '../audited/audit-plan.js';
import { type Schema } from '../dialect/schema/schema.js';
import { type ShapeRegistry } from './shape-registry.js';
import { type TableDraft } from './table-draft.js';

/** An old and a new name. */
export type Rename = readonly [from: string, to: string];

/**
 * Renames columns as they were renamed in the audited table.
 *
 * @param renames what has happened to the audited table in this run
 */
export function renameColumns(
  draft: TableDraft,
  plan: AuditPlan,
  renames: readonly Rename[],
  schema: Schema,
  registry: ShapeRegistry,
): void {
  const { columns, decisions } = plan;
  const isCopied = (name: string): boolean => columns.some(({ databaseName }) => databaseName === name);
  const isDue = ([from, to]: Rename): boolean => isCopied(to) && !!draft.find(from);
  for (const [from, to] of renames.filter(isDue)) {
    // What was kept of an older column of that name makes way.
    if (draft.find(to)) renameIn(draft, plan, to, draft.keptNames(to)[0], schema, registry);
    renameIn(draft, plan, from, to, schema, registry);
  }
  // The audited table may have been renamed by hand.
  for (const [from, to] of decisions.renamed.filter(isDue))
    if (!draft.find(to)) renameIn(draft, plan, from, to, schema, registry);
}

/** Renames a column of a revision table, and in the shapes that have it. */
export function renameIn(
  draft: TableDraft,
  plan: AuditPlan,
  from: string,
  to: string,
  schema: Schema,
  registry: ShapeRegistry,
): void {
  draft.add({
    up: [...schema.renameColumn(draft.place(from), to), registry.rename(plan, from, to)],
    down: [...schema.renameColumn(draft.place(to), from), registry.rename(plan, to, from)],
  });
  draft.change(from, { name: to });
}
