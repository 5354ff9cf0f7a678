import { type ObjectLiteral, type QueryRunner } from 'typeorm';
import { v7 } from 'uuid';
import { ActorRequiredError, UnrecordedWriteError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type PendingContext, resolveContext, type WriteContext } from '../context/write-context.js';
import { type Keys } from '../dialect/dialect.js';
import { groupedWrites } from './grouped-writes.js';
import { isPacked } from './keys.js';
import { isRecordable } from './pending-tables.js';
import { type RecordedOperation } from './recordable.js';
import { type RevisionWriter } from './revision-writer.js';

/** Rows of one table that were written by one operation. */
export interface Write {
  readonly plan: AuditPlan;
  readonly operation: RecordedOperation;
  readonly keys: Keys | 'all';
  /** The instances that were saved, in the order of the keys, for their `@RevisionId()` to be filled. */
  readonly entities?: readonly (ObjectLiteral | undefined)[];
}

/** A flush whose hooks are running, and may write. */
interface OpenFlush {
  record(): Promise<void> | undefined;
}

/** What records the writes of one query runner, and knows the transaction that they belong to. */
export class RevisionBuffer {
  readonly open = new Set<OpenFlush>();
  /** Ends with the last of what is being recorded; undefined while nothing is. */
  private last: Promise<void> | undefined;
  private transaction: string | undefined;
  private depth = 0;
  private failure: { depth: number; error: unknown } | undefined;

  constructor(
    private readonly queryRunner: QueryRunner,
    private readonly writer: RevisionWriter,
    private readonly options: AuditOptions,
  ) {}

  /** Records writes, after those that came before: one statement for each table and operation. */
  record(writes: readonly Write[], context: PendingContext): Promise<void> {
    const before = this.last;
    const recorded = this.write(groupedWrites(writes), context, before).finally(() => {
      if (this.last === recorded) this.last = undefined;
    });
    this.last = recorded;
    return recorded;
  }

  /** Records what flushes have written, before their hooks write. If that fails, the flushes will say so. */
  async recordOpen(): Promise<void> {
    for (const flush of this.open) await flush.record()?.catch(() => undefined);
  }

  /** Keeps the transaction, or the savepoint that it is in, from being committed: it has writes without revisions. */
  fail(error: unknown): void {
    if (this.queryRunner.isTransactionActive) this.failure ??= { depth: this.depth, error };
  }

  transactionStarted(): void {
    this.depth++;
  }

  /** @throws UnrecordedWriteError when an earlier failure was caught by the application and would be committed */
  transactionCommits(): void {
    if (this.failure) throw new UnrecordedWriteError(this.failure.error);
  }

  transactionEnded(): void {
    if (this.failure && this.failure.depth >= this.depth) this.failure = undefined;
    this.depth--;
    // Savepoints end too; their revisions belong to the transaction around them.
    if (this.queryRunner.isTransactionActive) return;
    this.depth = 0;
    this.failure = undefined;
    this.transaction = undefined;
  }

  private async write(
    writes: readonly Write[],
    pending: PendingContext,
    before: Promise<void> | undefined,
  ): Promise<void> {
    // One after the other: a PostgreSQL client takes one query at a time.
    if (before) await before.catch(() => undefined);
    try {
      if (writes.every(({ keys }) => keys.length === 0)) return;
      const resolved = resolveContext(pending, this.options);
      const context = resolved instanceof Promise ? await resolved : resolved;
      for (const write of writes) {
        if (write.keys.length === 0) continue;
        const recordable = isRecordable(this.queryRunner, write.plan);
        if (recordable !== true && !(await recordable)) continue;
        if (this.isWanted(write, context)) await this.writeOne(write, context);
      }
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  private isWanted({ plan, operation }: Write, context: WriteContext): boolean {
    if (plan.when && !plan.when({ ...context, operation: operation === 'upsert' ? 'insert' : operation }))
      return false;
    if (this.options.requireActor && context.actor === null) throw new ActorRequiredError(plan.metadata.name);
    return true;
  }

  private async writeOne({ plan, operation, keys, entities }: Write, context: WriteContext): Promise<void> {
    await this.writer.record(this.queryRunner, {
      plan,
      operation,
      keys,
      transaction: this.transactionId(),
      ...context,
    });
    if (!plan.revisionId || operation === 'delete' || !entities || keys === 'all' || isPacked(keys)) return;
    const ids = await this.writer.revisionIds(this.queryRunner, plan, keys);
    entities.forEach((entity, n) => entity && plan.revisionId!.setEntityValue(entity, ids[n]));
  }

  private transactionId(): string {
    return this.queryRunner.isTransactionActive ? (this.transaction ??= v7()) : v7();
  }
}
