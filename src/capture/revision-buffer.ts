import { type ObjectLiteral, type QueryRunner } from 'typeorm';
import { v7 } from 'uuid';
import { ActorRequiredError, UnrecordedWriteError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type PendingContext, resolveContext } from '../context/write-context.js';
import { type Key } from '../dialect/dialect.js';
import { type AuditOperation } from '../revision/revision-columns.js';
import { type RevisionWriter } from './revision-writer.js';

/** One row that was written. */
export interface BufferedWrite {
  readonly plan: AuditPlan;
  readonly operation: AuditOperation;
  readonly key: Key;
  /** The instance that was saved, for its `@RevisionId()` to be filled. */
  readonly entity?: ObjectLiteral;
}

/**
 * The writes of one query runner that wait for their revisions.
 *
 * TypeORM broadcasts the after-events of one persist in one go, so what comes in without a break is one burst and
 * is recorded with one statement for each table and operation.
 */
export class RevisionBuffer {
  private burst: Burst | undefined;
  // Bursts are recorded one after the other: a PostgreSQL client takes one query at a time.
  private recorded: Promise<unknown> = Promise.resolve();
  private transaction: string | undefined;
  private depth = 0;
  private failure: { depth: number; error: unknown } | undefined;

  constructor(
    private readonly queryRunner: QueryRunner,
    private readonly writer: RevisionWriter,
    private readonly options: AuditOptions,
  ) {}

  /** Takes a write, and promises that its revision is there, or rejects if it can't be. */
  add(write: BufferedWrite, context: PendingContext): Promise<void> {
    // On SQLite all requests share a query runner, and their bursts may meet in it.
    if (!this.burst?.belongsTo(context)) this.burst = this.open(context);
    this.burst.add(write);
    return this.burst.recorded;
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
    if (!this.queryRunner.isTransactionActive) {
      this.depth = 0;
      this.failure = undefined;
      this.transaction = undefined;
    }
  }

  private open(context: PendingContext): Burst {
    const burst = new Burst(context);
    const before = this.recorded;
    burst.recorded = before.then(() => this.record(burst));
    this.recorded = burst.recorded.catch(() => undefined);
    return burst;
  }

  private async record(burst: Burst): Promise<void> {
    if (this.burst === burst) this.burst = undefined;
    try {
      const context = await resolveContext(burst.context, this.options);
      for (const { plan, operation, writes } of burst.groups()) {
        if (plan.when && !plan.when({ operation, ...context })) continue;
        if (this.options.requireActor && context.actor === null) throw new ActorRequiredError(plan.metadata.name);
        const keys = writes.map(({ key }) => key);
        const transaction = this.transactionId();
        await this.writer.record(this.queryRunner, { plan, operation, keys, transaction, ...context });
        if (plan.revisionId) await this.fillRevisionIds(plan, writes);
      }
    } catch (error) {
      if (this.queryRunner.isTransactionActive) this.failure ??= { depth: this.depth, error };
      throw error;
    }
  }

  private async fillRevisionIds(plan: AuditPlan, writes: BufferedWrite[]): Promise<void> {
    const known = writes.filter(({ entity }) => entity);
    if (known.length === 0) return;
    const ids = await this.writer.revisionIds(
      this.queryRunner,
      plan,
      known.map(({ key }) => key),
    );
    known.forEach(({ entity }, n) => plan.revisionId!.setEntityValue(entity!, ids[n]));
  }

  private transactionId(): string {
    return this.queryRunner.isTransactionActive ? (this.transaction ??= v7()) : v7();
  }
}

/** Writes that came in without a break, under one context. */
class Burst {
  recorded: Promise<void> = Promise.resolve();
  private readonly byPlan = new Map<AuditPlan, Map<AuditOperation, Map<string, BufferedWrite>>>();

  constructor(readonly context: PendingContext) {}

  belongsTo(context: PendingContext): boolean {
    return this.context.state === context.state && this.context.request === context.request;
  }

  add(write: BufferedWrite): void {
    const byOperation = entry(this.byPlan, write.plan, () => new Map<AuditOperation, Map<string, BufferedWrite>>());
    const byKey = entry(byOperation, write.operation, () => new Map<string, BufferedWrite>());
    byKey.set(write.key.length === 1 ? String(write.key[0]) : JSON.stringify(write.key), write);
  }

  *groups(): Iterable<{ plan: AuditPlan; operation: AuditOperation; writes: BufferedWrite[] }> {
    for (const [plan, byOperation] of this.byPlan)
      for (const [operation, byKey] of byOperation) yield { plan, operation, writes: [...byKey.values()] };
  }
}

function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
