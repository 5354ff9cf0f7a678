import { type EntityMetadata, type QueryRunner } from 'typeorm';
import { AuditError, UnrecordedWriteError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Who } from '../../context/write-context.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { typeormVersion } from '../../typeorm/version.js';
import { type Flush } from '../../typeorm/patches/writes.patch.js';
import { type ValueFacts, ResultFacts } from '../rows/row-facts.js';
import { type Unit } from '../unit/unit.js';
import { type WriteOperation, type Write } from '../write/write.js';
import { type Capture } from './capture.js';
import { type SkippedFlush } from '../skips/skipped-flush.js';
import { rowsToChange, tablesOf } from './writes-of-flush.js';

const KINDS: Record<WriteOperation, WriteKind> = {
  insert: 'insert',
  upsert: 'insert',
  baseline: 'insert',
  update: 'update',
  'soft-delete': 'update',
  restore: 'update',
  delete: 'delete',
};

/** The capture of one flush: its writes, and their revisions at its end, are one unit from its first statement on. */
export class FlushCapture {
  /** Whether audited rows have been written. */
  hasWritten = false;
  /** What traces its writes, if the flush records nothing. */
  readonly skipped: SkippedFlush | undefined;
  private readonly who: Who | undefined;
  private readonly writes: Write[] = [];
  private readonly facts = new Map<EntityMetadata, ResultFacts>();
  private hasEnded = false;
  private mayLackHistory = true;
  private looked: Promise<void> | undefined;
  private recorded: Promise<void> | undefined;

  /**
   * @param queryRunner of the application, whose hooks write with it too
   * @param who who writes; or, for a flush that records nothing, what traces its writes
   */
  constructor(
    readonly capture: Capture,
    readonly queryRunner: QueryRunner,
    readonly unit: Unit,
    who: Who | SkippedFlush,
    private readonly flush: Flush,
  ) {
    if (typeof who === 'function') this.who = who;
    else this.skipped = who;
  }

  get isRecording(): boolean {
    return this.who !== undefined;
  }

  /**
   * Whether the flush removes entities that TypeORM didn't find in the database: they may be gone, or be given with a
   * number where the column has text, and then their rows are deleted all the same.
   */
  removesUnfound(table: EntityMetadata): boolean {
    return this.flush.removeSubjects.some(
      ({ metadata, entity, databaseEntity }) => metadata === table && entity && !databaseEntity,
    );
  }

  /**
   * Records the rows without a history that the flush is about to change or delete, once, before the first statement
   * that does.
   *
   * @returns a promise that the statement waits for; undefined where all rows are known to have a history
   */
  beforeStatement(kind: WriteKind): Promise<void> | undefined {
    const { unit, capture, flush } = this;
    if (!this.mayLackHistory) return undefined;
    if (!this.looked) {
      const due = dueOf(capture, flush);
      this.mayLackHistory = due.length > 0;
      if (!this.mayLackHistory) return undefined;
      this.looked = this.look(due);
    }
    if (kind === 'insert') return this.looked;
    return (this.recorded ??= this.looked.then(() =>
      capture.baselines.record(unit, rowsToChange(capture, flush)),
    ));
  }

  // Before the flush has inserted rows, whose revisions come at its end.
  private async look(due: readonly AuditPlan[]): Promise<void> {
    await this.unit.begin();
    for (const plan of due) await this.capture.baselines.isDueAtFirst(this.unit, plan);
  }

  /** Sends a statement of the flush. */
  async send(given: Parameters<QueryRunner['query']>): Promise<unknown> {
    const { queryRunner, unit } = this;
    await unit.begin();
    // The listeners of a materialized path run in the midst of a flush, and on a shared connection they would wait.
    if (this.capture.dialect.sessions.sharesConnection) unit.letOthersPass();
    return unit.watched(() => queryRunner.query(...given));
  }

  /** Adds writes of rows that the flush doesn't know by itself. */
  add(...writes: Write[]): void {
    this.writes.push(...writes);
  }

  /** Notes what the result of a statement tells of the rows that the flush knows. */
  noteResult(kind: WriteKind, table: EntityMetadata, given: ValueFacts, raw: unknown): void {
    const shared = this.capture.plans.find(table)?.metadata ?? table;
    const facts = this.facts.get(shared) ?? new ResultFacts();
    this.facts.set(shared, facts);
    facts.add(kind, given, raw);
  }

  /**
   * Records the writes and ends the unit, so that after-hooks may write themselves.
   *
   * @param named the writes of the rows that the flush knows
   */
  async end(named: readonly Write[] = []): Promise<void> {
    if (this.hasEnded || !this.unit.hasBegun) return this.assertSent();
    const { capture, unit, who } = this;
    const known = named.map((write) => ({
      ...write,
      ...this.facts.get(write.plan.metadata)?.of(KINDS[write.operation]),
    }));
    if (who) await capture.recorder.record(unit, [...known, ...this.writes], () => capture.contextOf(who));
    this.hasEnded = true;
    await unit.end();
  }

  /** Ends the unit after an error. The application may catch it and commit, but not half a flush. */
  async abandon(error: unknown): Promise<void> {
    if (this.hasEnded || !this.unit.hasBegun) return;
    this.hasEnded = true;
    if (this.hasWritten) this.unit.fail(error);
    await this.unit.abandon();
  }

  /** @throws UnrecordedWriteError when TypeORM told nothing of rows that it has written, as a later version might */
  assertEnded(): void {
    if (this.isRecording && this.hasWritten && !this.hasEnded)
      throw unrecordedFlush('ended a save() or remove() without telling what it has written');
  }

  private assertSent(): void {
    if (this.isRecording && this.hasWritten && !this.unit.hasBegun)
      throw unrecordedFlush('sends the statements of a save() or remove() by another method than query()');
  }
}

/** The tables of a flush whose rows may lack a history. */
function dueOf({ plans, baselines }: Capture, flush: Flush): AuditPlan[] {
  const written = new Set(tablesOf(flush).map((table) => plans.find(table)));
  return [...written].filter((plan) => plan !== undefined).filter((plan) => baselines.mayBeDue(plan));
}

/** @param how what TypeORM does otherwise, as a predicate */
export function unrecordedFlush(how: string): UnrecordedWriteError {
  return new UnrecordedWriteError(
    new AuditError(
      `TypeORM ${typeormVersion()} ${how}. Use a version of TypeORM that nestjs-typeorm-audit lists among its peer ` +
        `dependencies, and let other libraries' wraps call what they stand around.`,
    ),
  );
}
