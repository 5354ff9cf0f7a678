import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { newChangesetMark } from '../../capture/unit/transaction.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Key } from '../../dialect/keys/key.js';
import { keyText } from '../../dialect/keys/key-text.js';
import { newId } from '../../revision/clock.js';
import { type BackfillOptions, type CatchUpResult, DEFAULT_BATCH_SIZE } from '../maintenance.types.js';
import { differencesOfRows } from '../session/find-differences.js';
import { estimateRows, rowsAndHistories } from '../session/key-batches.js';
import { MaintenanceLog } from '../session/maintenance-log.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';
import { assertBackfillOptions, Pace } from '../session/pace.js';

const LOCKED_PAUSE_MS = 50;

/**
 * Gives every row that has no history its first revision, while others go on writing: table by table, or several tables
 * at the same time. If one fails, the others end with the batch that they are at.
 */
export async function backfill(
  session: MaintenanceSession,
  plans: readonly AuditPlan[],
  options: BackfillOptions,
): Promise<CatchUpResult[]> {
  assertBackfillOptions(session, options);
  const pace = new Pace(session, options);
  const results: CatchUpResult[] = [];
  const waiting = [...plans.entries()];
  const state = { hasFailed: false };
  const goOn = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !state.hasFailed; next = waiting.shift()) {
      const [at, plan] = next;
      results[at] = await new TableBackfill(session, plan, options, pace, state).run();
    }
  };
  const atOnce = session.dialect.sessions.sharesConnection ? 1 : (options.tablesAtOnce ?? 1);
  const running = Array.from({ length: atOnce }, () =>
    goOn().catch((error: unknown) => {
      state.hasFailed = true;
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(running)).find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
  return results;
}

/**
 * The backfill of one table. It locks the rows of a batch while it writes their revisions, and skips rows that others
 * have locked, so nobody waits. Their first write records them, or a later pass does.
 */
class TableBackfill {
  private readonly batchSize: number;
  private readonly result: CatchUpResult;
  private done = 0;
  private total: number | undefined;

  constructor(
    private readonly session: MaintenanceSession,
    private readonly plan: AuditPlan,
    private readonly options: BackfillOptions,
    private readonly pace: Pace,
    private readonly state: { readonly hasFailed: boolean },
  ) {
    this.batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE;
    this.result = { table: plan.metadata.tablePath, missing: 0, stale: 0, surplus: 0 };
  }

  async run(): Promise<CatchUpResult> {
    const { session, plan, options, result } = this;
    const context = await session.writeContext(plan);
    const log = new MaintenanceLog(session, plan, 'backfill', context);
    if (options.onProgress) this.total = await estimateRows(session, plan);
    let passedOver: Key[] = [];
    for await (const { keys, missing } of rowsAndHistories(session, plan, this.batchSize)) {
      passedOver.push(...(await this.write(missing, context, log)));
      this.done += keys.length;
      await this.showProgress();
      if (this.state.hasFailed) return result;
    }
    while (passedOver.length > 0 && !this.state.hasFailed) {
      await sleep(LOCKED_PAUSE_MS);
      const again = passedOver.splice(0, this.batchSize);
      const { missing = [] } = await differencesOfRows(session, plan, again);
      passedOver = [...passedOver, ...(await this.write(missing, context, log))];
      await this.showProgress();
    }
    if (!options.dryRun && !this.state.hasFailed) await log.finishBackfill();
    return result;
  }

  private async showProgress(): Promise<void> {
    const { done, total } = this;
    await this.options.onProgress?.({
      table: this.result.table,
      done,
      total: total && Math.max(total, done),
    });
  }

  /** @returns the keys of the rows that others had locked */
  private async write(keys: readonly Key[], context: WriteContext, log: MaintenanceLog): Promise<Key[]> {
    const { session, plan, result } = this;
    if (this.options.dryRun) result.missing += keys.length;
    if (this.options.dryRun || keys.length === 0) return [];
    await this.pace.untilAllowed(keys.length);
    const { written, left } = await session.transaction(async (queryRunner) => {
      const locked = await session.lockToRead(queryRunner, plan, keys);
      const there = new Set(locked.map(keyText));
      const left = keys.filter((key) => !there.has(keyText(key)));
      if (locked.length === 0) return { written: 0, left };
      const written = await session.capture.writer.recordFirst(queryRunner, {
        ...context,
        plan,
        operation: 'baseline',
        keys: locked,
        transaction: newId(),
        changeset: newChangesetMark(),
      });
      const { table: _, ...counts } = result;
      if (written > 0)
        await log.note(queryRunner, { ...counts, missing: counts.missing + written, unfinished: true });
      return { written, left };
    });
    result.missing += written;
    return left;
  }
}
