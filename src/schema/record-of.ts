import { type DataSource, type EntityMetadata } from 'typeorm';
import { type AuditPlan } from '../audited/audit-plan.js';
import { tableName } from '../dialect/catalogue/table-name.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { newId } from '../revision/clock.js';
import { type MaintenanceAction } from '../revision/maintenance-record.js';

/**
 * The statements that record in `audit_maintenance` what a migration does to a column, where a condition holds. Where
 * the migration is reverted and runs again, the record is of the last time.
 */
export function recordOf(
  dataSource: DataSource,
  maintenance: EntityMetadata,
  { metadata }: AuditPlan,
  action: MaintenanceAction,
  column: string,
  condition = '1 = 1',
): string[] {
  const { schema } = dialectOf(dataSource);
  const escape = (name: string): string => dataSource.driver.escape(name);
  const table = tableName(dataSource, maintenance);
  const id = schema.text(newId());
  const values = {
    id,
    created: schema.now,
    action: schema.text(action),
    entity: schema.text(metadata.tablePath),
    details: schema.text(JSON.stringify({ column })),
  };
  return [
    `DELETE FROM ${table} WHERE ${escape('id')} = ${id}`,
    `INSERT INTO ${table} (${Object.keys(values).map(escape).join(', ')}) ` +
      `SELECT ${Object.values(values).join(', ')} FROM (SELECT 1 AS one) o WHERE ${condition}`,
  ];
}
