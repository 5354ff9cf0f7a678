import { type EntityMetadata, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { v7 } from 'uuid';
import { ActorRequiredError, UnrecordedWriteError } from '../audit.errors.js';
import { type AuditOptions } from '../audit.options.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type PendingContext, resolveContext, type WriteContext } from '../context/write-context.js';
import { type Key } from '../dialect/dialect.js';
import { keyText } from './key-reader.js';
import { type RecordedOperation, type RevisionWriter } from './revision-writer.js';

/** Rows of one table that were written by one operation. */
export interface Write {
  readonly plan: AuditPlan;
  readonly operation: RecordedOperation;
  readonly keys: readonly Key[] | 'all';
  /** The instances that were saved, in the order of the keys, for their `@RevisionId()` to be filled. */
  readonly entities?: readonly (ObjectLiteral | undefined)[];
}

/**
 * The writes of one query runner that wait for their revisions, and the transaction that they belong to.
 *
 * TypeORM broadcasts the after-events of one persist in one go, so what comes in without a break is one burst and
 * is recorded with one statement for each table and operation.
 */
export class RevisionBuffer {
  private burst: Burst | undefined;
  private readonly claims = new Map<EntityMetadata, Write[]>();
  // One after the other: a PostgreSQL client takes one query at a time.
  private recorded: Promise<unknown> = Promise.resolve();
  private transaction: string | undefined;
  private depth = 0;
  private failure: { depth: number; error: unknown } | undefined;

  constructor(
    private readonly queryRunner: QueryRunner,
    private readonly writer: RevisionWriter,
    private readonly options: AuditOptions,
  ) {}

  /** Takes a write into the open burst, and promises that its revision is there, or rejects if it can't be. */
  add(write: Write, context: PendingContext): Promise<void> {
    // On SQLite all requests share a query runner, and their bursts may meet in it.
    if (!this.burst?.belongsTo(context)) this.burst = this.open(context);
    this.burst.writes.push(write);
    return this.burst.recorded;
  }

  /** Records writes at once, after those that came before. */
  record(writes: readonly Write[], context: PendingContext): Promise<void> {
    return this.enqueue(() => this.write(writes, context));
  }

  /** Keeps writes of the persistence layer for the event that is to follow, which doesn't name their rows. */
  claim(metadata: EntityMetadata, writes: readonly Write[]): void {
    this.claims.set(metadata, [...(this.claims.get(metadata) ?? []), ...writes]);
  }

  /** Takes what was kept for an event. */
  claimed(metadata: EntityMetadata): readonly Write[] {
    const writes = this.claims.get(metadata) ?? [];
    this.claims.delete(metadata);
    return writes;
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
    this.claims.clear();
  }

  private open(context: PendingContext): Burst {
    const burst = new Burst(context);
    burst.recorded = this.enqueue(() => {
      if (this.burst === burst) this.burst = undefined;
      return this.write(burst.grouped(), context);
    });
    return burst;
  }

  private enqueue(record: () => Promise<void>): Promise<void> {
    const recorded = this.recorded.then(record);
    this.recorded = recorded.catch(() => undefined);
    return recorded;
  }

  private async write(writes: readonly Write[], pending: PendingContext): Promise<void> {
    try {
      const context = await resolveContext(pending, this.options);
      for (const write of writes) if (this.isWanted(write, context)) await this.writeOne(write, context);
    } catch (error) {
      if (this.queryRunner.isTransactionActive) this.failure ??= { depth: this.depth, error };
      throw error;
    }
  }

  private isWanted({ plan, operation, keys }: Write, context: WriteContext): boolean {
    if (keys.length === 0) return false;
    if (plan.when && !plan.when({ ...context, operation: operation === 'upsert' ? 'insert' : operation })) return false;
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
    if (!plan.revisionId || operation === 'delete' || !entities || keys === 'all') return;
    const ids = await this.writer.revisionIds(this.queryRunner, plan, keys);
    entities.forEach((entity, n) => entity && plan.revisionId!.setEntityValue(entity, ids[n]));
  }

  private transactionId(): string {
    return this.queryRunner.isTransactionActive ? (this.transaction ??= v7()) : v7();
  }
}

/** Writes that came in without a break, under one context. */
class Burst {
  recorded: Promise<void> = Promise.resolve();
  readonly writes: Write[] = [];

  constructor(private readonly context: PendingContext) {}

  belongsTo(context: PendingContext): boolean {
    return this.context.state === context.state && this.context.request === context.request;
  }

  /** One write for each table and operation, in the order in which they came first, with each key once. */
  grouped(): Write[] {
    const groups = new Map<AuditPlan, Map<RecordedOperation, Group>>();
    for (const write of this.writes) {
      const byOperation = groups.get(write.plan) ?? new Map<RecordedOperation, Group>();
      groups.set(write.plan, byOperation);
      const group = byOperation.get(write.operation) ?? new Group(write);
      byOperation.set(write.operation, group);
      group.add(write);
    }
    return [...groups.values()].flatMap((byOperation) => [...byOperation.values()].flatMap((group) => group.writes()));
  }
}

class Group {
  private readonly rows = new Map<string, { key: Key; entity: ObjectLiteral | undefined }>();
  private all = false;

  constructor(private readonly first: Write) {}

  add({ keys, entities }: Write): void {
    if (keys === 'all') this.all = true;
    else
      keys.forEach((key, n) => {
        const text = keyText(key);
        const entity = entities?.[n] ?? this.rows.get(text)?.entity;
        this.rows.set(text, { key, entity });
      });
  }

  writes(): Write[] {
    const rows = [...this.rows.values()];
    const named = { ...this.first, keys: rows.map(({ key }) => key), entities: rows.map(({ entity }) => entity) };
    return this.all ? [named, { ...this.first, keys: 'all', entities: [] }] : [named];
  }
}
