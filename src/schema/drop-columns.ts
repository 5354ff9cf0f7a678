import { type DataSource, type EntityMetadata } from 'typeorm';
import { type AuditPlan } from '../audited/audit-plan.js';
import { tableName } from '../dialect/catalogue/table-name.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { newId } from '../revision/clock.js';
import { type MaintenanceAction } from '../revision/maintenance-record.js';
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
        record(dataSource, maintenance, plan, column.name),
      ],
    });
    draft.remove(column.name);
  }
}

function record(
  dataSource: DataSource,
  maintenance: EntityMetadata,
  plan: AuditPlan,
  column: string,
): string {
  const { schema, sql } = dialectOf(dataSource);
  const escape = (name: string): string => dataSource.driver.escape(name);
  const values = {
    id: schema.text(newId()),
    created: schema.now,
    action: schema.text('drop' satisfies MaintenanceAction),
    entity: schema.text(plan.metadata.tablePath),
    details: schema.text(JSON.stringify({ column })),
  };
  const insert =
    `INSERT INTO ${tableName(dataSource, maintenance)} (${Object.keys(values).map(escape).join(', ')}) ` +
    `VALUES (${Object.values(values).join(', ')})`;
  return sql.unlessTaken(insert, [escape('id')]);
}
