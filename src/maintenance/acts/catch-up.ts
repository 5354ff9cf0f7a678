import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../revision/clock.js';
import { newChangesetMark } from '../../capture/unit/transaction.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { keyText } from '../../dialect/keys/key-text.js';
import { type WriteOperation } from '../../capture/write/write.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Key } from '../../dialect/keys/key.js';
import { type MaintenanceSession } from '../session/maintenance-session.js';
import { differencesOfRows, differencesOfHistories } from '../session/find-differences.js';
import {
  DEFAULT_BATCH_SIZE,
  type CatchUpResult,
  type MaintenanceWriteOptions,
  type RowFinding,
} from '../maintenance.types.js';
import { MaintenanceLog } from '../session/maintenance-log.js';
import { countRows, keysOfRows, keysOfHistories } from '../session/key-batches.js';

const LOCKED_PAUSE_MS = 50;

// A stale row whose newest revision is a delete was inserted since. An upsert records an insert then, else an update.
const OPERATIONS: Record<RowFinding, WriteOperation> = {
  missing: 'baseline',
  stale: 'upsert',
  surplus: 'delete',
};

const KINDS_OF_ROWS = ['missing', 'stale'] as const;

/**
 * Writes the revisions that one table's rows and histories lack, while others go on writing.
 *
 * It locks the rows of a batch while it writes their revisions, and skips rows that others have locked, so nobody
 * waits. The others may be about to write a revision of these rows. If they don't, a later pass does. A row with its
 * revision is no longer a difference, so an interrupted run continues when it is started again.
 */
export async function catchUp(
  session: MaintenanceSession,
  plan: AuditPlan,
  options: MaintenanceWriteOptions,
): Promise<CatchUpResult> {
  const run = new CatchUp(session, plan, options, await session.writeContext(plan));
  await run.catchUpRows();
  await run.catchUpHistories();
  await run.finish();
  return run.result;
}

class CatchUp {
  readonly result: CatchUpResult;
  private readonly log: MaintenanceLog;
  private readonly batchSize: number;

  constructor(
    private readonly session: MaintenanceSession,
    private readonly plan: AuditPlan,
    private readonly options: MaintenanceWriteOptions,
    private readonly context: WriteContext,
  ) {
    this.result = { table: plan.metadata.tablePath, missing: 0, stale: 0, surplus: 0 };
    this.log = new MaintenanceLog(session, plan, 'reconcile', context);
    this.batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE;
  }

  async catchUpRows(): Promise<void> {
    const { table } = this.result;
    const total = this.options.onProgress && (await countRows(this.session, this.plan));
    let passedOver: Key[] = [];
    let done = 0;
    const showProgress = async (): Promise<void> =>
      this.options.onProgress?.({ table, done, total: total && Math.max(total, done) });
    for await (const keys of keysOfRows(this.session, this.plan, this.batchSize)) {
      passedOver.push(...(await this.liveBatch(keys)));
      done += keys.length;
      await showProgress();
    }
    while (passedOver.length > 0) {
      await sleep(LOCKED_PAUSE_MS);
      const again = passedOver.splice(0, this.batchSize);
      passedOver = [...passedOver, ...(await this.liveBatch(again))];
      await showProgress();
    }
  }

  async catchUpHistories(): Promise<void> {
    let done = 0;
    for await (const { keys } of keysOfHistories(this.session, this.plan, this.batchSize)) {
      const { surplus = [] } = await differencesOfHistories(this.session, this.plan, keys, false);
      if (surplus.length > 0) await this.write('surplus', surplus);
      done += keys.length;
      await this.options.onProgress?.({ table: this.plan.revision.tablePath, done });
    }
  }

  async finish(): Promise<void> {
    if (!this.options.dryRun) await this.log.finish();
  }

  /** @returns the keys of the rows that others had locked */
  private async liveBatch(keys: readonly Key[]): Promise<Key[]> {
    const differences = await differencesOfRows(this.session, this.plan, keys);
    const passedOver: Key[] = [];
    for (const kind of KINDS_OF_ROWS) {
      const found = differences[kind] ?? [];
      if (found.length > 0) passedOver.push(...(await this.write(kind, found)));
    }
    return passedOver;
  }

  private async write(kind: RowFinding, keys: readonly Key[]): Promise<Key[]> {
    if (this.options.dryRun) {
      this.result[kind] += keys.length;
      return [];
    }
    const { plan, context } = this;
    const { written, left } = await this.session.transaction(async (queryRunner) => {
      const locked = await this.session.lock(queryRunner, plan, keys, kind !== 'surplus');
      const there = new Set(locked.map(keyText));
      const left = keys.filter((key) => !there.has(keyText(key)));
      // A row that exists again is not surplus any more.
      const rows = kind === 'surplus' ? left : locked;
      if (rows.length === 0) return { written: 0, left };
      const written = await this.session.capture.writer.record(queryRunner, {
        ...context,
        plan,
        operation: OPERATIONS[kind],
        keys: rows,
        transaction: newId(),
        changeset: newChangesetMark(),
      });
      const { table: _, ...counts } = this.result;
      if (written > 0)
        await this.log.note(queryRunner, { ...counts, [kind]: counts[kind] + written, unfinished: true });
      return { written, left };
    });
    this.result[kind] += written;
    return kind === 'surplus' ? [] : left;
  }
}
