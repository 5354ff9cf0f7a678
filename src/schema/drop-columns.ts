import { type DataSource, type EntityMetadata } from 'typeorm';
import { type AuditPlan } from '../audited/audit-plan.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { recordOf } from './record-of.js';
import { type ShapeRegistry } from './shape-registry.js';
import { type TableDraft } from './table-draft.js';

/** Drops the columns that `dropped` names, with all that was recorded in them. */
export function dropColumns(
  dataSource: DataSource,
  draft: TableDraft,
  plan: AuditPlan,
  maintenance: EntityMetadata,
  registry: ShapeRegistry,
): void {
  const { schema } = dialectOf(dataSource);
  for (const name of plan.decisions.dropped) {
    const column = draft.find(name);
    if (!column || (column.name.toLowerCase().startsWith('rev_') && !column.name.startsWith('rev_dropped_')))
      continue;
    draft.add({
      up: [
        ...schema.dropColumn(draft.place(column.name)),
        // Else the shapes would say that the values of a later column of this name are known.
        registry.rename(plan, column.name, `rev_dropped_${column.name}`),
        ...recordOf(dataSource, maintenance, plan, 'drop', column.name),
      ],
    });
    draft.remove(column.name);
  }
}
