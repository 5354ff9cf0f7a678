import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { type MaintenanceAction } from '../../revision/maintenance-record.js';
import { type ShapeColumn } from '../../revision/shape.js';
import { type AuditPlan, type PlanColumn } from '../audit-plan.js';
import { type EmptiedColumn } from './emptied-column.js';

/** When migrations last emptied columns: by the path of the table, and by column. */
export type Emptyings = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Reads from `audit_maintenance` which columns migrations have emptied. */
export async function readEmptyings(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  maintenance: EntityMetadata,
): Promise<Emptyings> {
  const rows = await readTemplate<{ entity: string; created: number | string; details: unknown }>(
    queryRunner,
    dialectOf(dataSource),
    `SELECT m.entity AS entity, m.created AS created, m.details AS details FROM ${tableName(dataSource, maintenance)} m ` +
      `WHERE m.action = '${'emptied' satisfies MaintenanceAction}'`,
    {},
  );
  const details = maintenance.findColumnWithPropertyName('details')!;
  const found = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const { column } = dataSource.driver.prepareHydratedValue(row.details, details) as { column: string };
    const columns = found.get(row.entity) ?? new Map<string, number>();
    columns.set(column, Math.max(columns.get(column) ?? 0, Number(row.created)));
    found.set(row.entity, columns);
  }
  return found;
}

/** The columns of a plan that a migration has emptied, by name. */
export function emptiedColumns(
  { metadata, columns }: AuditPlan,
  emptyings: Emptyings,
  shape: readonly ShapeColumn[],
): Map<string, EmptiedColumn> {
  const found = new Map<string, EmptiedColumn>();
  const byName = new Map(columns.map((column): [string, PlanColumn] => [column.databaseName, column]));
  for (const [name, at] of emptyings.get(metadata.tablePath) ?? []) {
    const column = byName.get(name);
    const value = shape.find((known) => known.name === name)?.default ?? null;
    // Nobody knows how the mask shows a value other than null.
    if (column && (!column.mask || value === null)) found.set(name, { at, value });
  }
  return found;
}
