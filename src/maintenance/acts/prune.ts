import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type PlanSql } from '../../audited/plan-sql.js';
import { type Key } from '../../dialect/keys/key.js';
import { endOf } from '../../history/arguments/moment.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';
import { KeyOrder } from '../session/key-order.js';
import { DEFAULT_BATCH_SIZE, type PruneOptions, type PruneResult } from '../maintenance.types.js';
import { MaintenanceLog } from '../session/maintenance-log.js';
import { announcePrune } from './announce-prune.js';
import { removeRevisions } from './remove-revisions.js';

/** @throws InvalidArgumentError naming the option that is missing or invalid */
export function assertPruneOptions({ keep, olderThan }: PruneOptions): void {
  if (keep === undefined && olderThan === undefined)
    throw new InvalidArgumentError('keep', 'or olderThan must be given, to say which revisions stay.');
  if (keep !== undefined && (!Number.isInteger(keep) || keep < 1))
    throw new InvalidArgumentError('keep', `must be an integer of 1 or more, got ${String(keep)}.`);
  if (olderThan !== undefined && (!(olderThan instanceof Date) || Number.isNaN(olderThan.getTime())))
    throw new InvalidArgumentError('olderThan', `must be a valid Date, got ${String(olderThan)}.`);
}

/** Removes one table's old revisions, the oldest of each entity first, so that versions stay m..n. */
export async function prune(
  session: MaintenanceSession,
  plan: AuditPlan,
  options: PruneOptions,
): Promise<PruneResult> {
  const sql = session.sqlOf(plan);
  const table = plan.metadata.tablePath;
  const context = await session.writeContext(plan);
  const values = { cut: options.olderThan && endOf(options.olderThan), keep: options.keep };
  if (options.dryRun) return { table, removed: await count(session, sql, options, values) };

  const log = new MaintenanceLog(session, plan, 'prune', context);
  const rule = { keep: options.keep, olderThan: options.olderThan?.toISOString() };
  let removed = 0;
  for await (const ids of prunable(session, plan, sql, options, values)) {
    if (removed === 0) await announcePrune(session, plan, log, { ...rule, removed });
    removed += await session.transaction(async (queryRunner) => {
      const number = await removeRevisions(session, queryRunner, sql, ids);
      await log.note(queryRunner, { ...rule, removed: removed + number });
      return number;
    });
    await options.onProgress?.({ table: plan.revision.tablePath, done: removed });
  }
  return { table, removed };
}

// Reads in the order of keys and versions. A batch begins at the last key of the batch before, which may have more.
async function* prunable(
  session: MaintenanceSession,
  plan: AuditPlan,
  sql: PlanSql,
  options: PruneOptions,
  values: Record<string, unknown>,
): AsyncGenerator<string[]> {
  const { keys } = session.capture;
  const order = new KeyOrder(sql, 'r');
  const size = options.batchSize ?? DEFAULT_BATCH_SIZE;
  for (let from: Key | undefined; ;) {
    const rows = await session.connected((queryRunner) =>
      session.select<Record<string, unknown> & { id: string }>(
        queryRunner,
        `SELECT r.rev_id AS id, ${keys.expressions(plan.metadata, 'r')} ${whatMayGo(sql, options)}` +
          `${from ? ` AND ${order.from(true)}` : ''} ORDER BY ${order.columns}, r.rev_version ${session.dialect.sql.limit(size)}`,
        { ...values, ...(from && order.bind(from)) },
      ),
    );
    if (rows.length > 0) yield rows.map(({ id }) => id);
    if (rows.length < size) return;
    from = keys.keysIn(plan.metadata, rows).at(-1);
  }
}

async function count(
  session: MaintenanceSession,
  sql: PlanSql,
  options: PruneOptions,
  values: Record<string, unknown>,
): Promise<number> {
  const [{ number }] = await session.connected((queryRunner) =>
    session.select<{ number: number | string }>(
      queryRunner,
      `SELECT count(*) AS number ${whatMayGo(sql, options)}`,
      values,
    ),
  );
  return Number(number);
}

/**
 * The revisions r to remove and their successors n, from FROM on. A revision without a successor stays, even a delete:
 * if its key comes back, versions count on from there.
 */
function whatMayGo(sql: PlanSql, { keep, olderThan }: PruneOptions): string {
  const key = (n: number): string => `r.${sql.column(sql.plan.keys[n])}`;
  const conditions = [
    ...(olderThan ? [`n.rev_created < ${sql.dialect.types.value('{{cut}}', 'time')}`] : []),
    ...(keep === undefined
      ? []
      : [`r.rev_version <= ${sql.newestVersion(key)} - ${sql.dialect.types.value('{{keep}}', 'integer')}`]),
  ];
  return (
    `FROM ${sql.revisions} r JOIN ${sql.revisions} n ON ${sql.hasKey('n', key)} AND n.rev_version = r.rev_version + 1 ` +
    `WHERE ${conditions.join(' AND ')}`
  );
}
