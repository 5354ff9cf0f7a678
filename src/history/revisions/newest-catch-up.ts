import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { readTemplate } from '../../dialect/run/statement.js';

/** The entry of a `backfill()` or `reconcile()` of one table in the maintenance table. */
export interface CatchUp {
  readonly id: string;
  /** The number of revisions that it wrote; `unfinished` until it has seen all rows. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** The newest catch-up of a table; undefined if none ever wrote a revision. */
export async function newestCatchUp(
  dataSource: DataSource,
  { metadata }: AuditPlan,
  queryRunner: QueryRunner,
): Promise<CatchUp | undefined> {
  const maintenance = auditPlansOf(dataSource).own!.maintenance;
  const dialect = dialectOf(dataSource);
  const [row] = await readTemplate(
    queryRunner,
    dialect,
    `SELECT m.id AS id, m.details AS details FROM ${tableName(dataSource, maintenance)} m ` +
      `WHERE m.entity = {{entity}} AND m.action IN ('backfill', 'reconcile') ORDER BY m.created DESC ${dialect.sql.limit(1)}`,
    { entity: metadata.tablePath },
  );
  if (!row) return undefined;
  const column = maintenance.findColumnWithPropertyName('details')!;
  const details = dataSource.driver.prepareHydratedValue(row.details, column) as CatchUp['details'];
  return { id: row.id as string, details };
}
