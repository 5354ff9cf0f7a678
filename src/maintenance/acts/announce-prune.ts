import { type AuditPlan } from '../../audited/audit-plan.js';
import { untilPruneIsKnown, wasPruned } from '../../capture/writer/pruned-tables.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';
import { type MaintenanceLog } from '../session/maintenance-log.js';

/** Records that a table's revisions will be removed. Waits until all writers know it, on databases where they must. */
export async function announcePrune(
  session: MaintenanceSession,
  plan: AuditPlan,
  log: MaintenanceLog,
  details: Record<string, unknown>,
): Promise<void> {
  // On other databases no writer assumes that a new key has no history.
  if (!session.dialect.locks.locksGaps && !session.dialect.keys.rowPlace) return;
  const isKnown = await session.connected((queryRunner) => wasPruned(session.dataSource, queryRunner, plan));
  if (isKnown) return;
  await session.transaction((queryRunner) => log.note(queryRunner, details));
  await untilPruneIsKnown();
}
