import { type AuditPlan } from '../../audited/audit-plan.js';
import { recordedValue } from '../../audited/shapes/recorded-value.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { type VerifyReport } from '../maintenance.types.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';

/** The columns that a migration has emptied, with the number of rows that had a value before. */
export async function emptiedColumns(
  session: MaintenanceSession,
  plan: AuditPlan,
): Promise<NonNullable<VerifyReport['emptied']>> {
  const found: NonNullable<VerifyReport['emptied']> = [];
  for (const [column, { at }] of plan.emptied) {
    const [{ number }] = await session.connected((queryRunner) =>
      session.select(queryRunner, selectLost(session, plan, column)),
    );
    if (Number(number) > 0)
      found.push({
        table: plan.metadata.tablePath,
        column,
        rows: Number(number),
        at: new Date(at * 1000),
      });
  }
  return found;
}

function selectLost(session: MaintenanceSession, plan: AuditPlan, name: string): string {
  const { dataSource, dialect } = session;
  const sql = session.sqlOf(plan);
  const column = plan.columns.find(({ databaseName }) => databaseName === name)!;
  const { at, value } = plan.emptied.get(name)!;
  const names = plan.keys.map((key) => sql.column(key));
  const hadOther = dialect.types.differ(
    [column.copy],
    () => recordedValue(dataSource, plan, 'r', column),
    () => dialect.types.constant(value, column.copy),
  );
  return (
    `SELECT count(*) AS number FROM ${sql.revisions} r WHERE r.rev_created < ${at} AND NOT r.rev_isdelete ` +
    `AND (${hadOther}) AND NOT EXISTS (SELECT 1 FROM ${sql.revisions} n WHERE ${keysEqual(names, 'n', 'r')} ` +
    `AND n.rev_version = r.rev_version + 1 AND n.rev_created < ${at})`
  );
}
