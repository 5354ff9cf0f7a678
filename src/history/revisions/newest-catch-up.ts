import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { readRows, readStatement } from './reading.js';

/** The record of a run of `backfill()` or `reconcile()` over one table. */
export interface CatchUpRecord {
  readonly id: string;
  /** How many revisions it wrote; `unfinished` until it has seen all rows. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** The newest one of a table that wrote anything; undefined where there is none. */
export async function newestCatchUp(
  dataSource: DataSource,
  { metadata }: AuditPlan,
  queryRunner: QueryRunner,
): Promise<CatchUpRecord | undefined> {
  const plans = auditPlansOf(dataSource);
  const maintenance = plans.maintenance!;
  const statement = readStatement(
    dataSource,
    plans,
    'newest catch-up',
    () =>
      `SELECT m.id AS id, m.details AS details FROM ${tableName(dataSource, maintenance)} m ` +
      `WHERE m.entity = {{entity}} AND m.action IN ('backfill', 'reconcile') ORDER BY m.created DESC LIMIT 1`,
  );
  const [row] = await readRows(dataSource, statement, { entity: metadata.tablePath }, { queryRunner });
  if (!row) return undefined;
  const column = maintenance.findColumnWithPropertyName('details')!;
  const details = dataSource.driver.prepareHydratedValue(row.details, column) as CatchUpRecord['details'];
  return { id: row.id as string, details };
}
