import { type AuditPlan } from '../../audited/audit-plan.js';
import { untilPruneIsKnown, wasPruned } from '../../capture/writer/pruned-tables.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';
import { type MaintenanceLog } from '../session/maintenance-log.js';

/** Says that a table's revisions will be removed, and where writers have to know it waits until they do. */
export async function announcePrune(
  session: MaintenanceSession,
  plan: AuditPlan,
  log: MaintenanceLog,
  details: Record<string, unknown>,
): Promise<void> {
  // Those that assume that a new key has no history.
  if (!session.dialect.locks.locksGaps && !session.dialect.keys.rowPlace) return;
  const isKnown = await session.connected((queryRunner) => wasPruned(session.dataSource, queryRunner, plan));
  if (isKnown) return;
  await session.transaction((queryRunner) => log.note(queryRunner, details));
  await untilPruneIsKnown();
}
