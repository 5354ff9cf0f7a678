import { type EntityMetadata, type QueryRunner } from 'typeorm';
import { AuditError, UnrecordedWriteError } from '../../audit.errors.js';
import { type Who } from '../../context/write-context.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { typeormVersion } from '../../typeorm/version.js';
import { type Flush } from '../../typeorm/patches/writes.patch.js';
import { type ValueFacts, ResultFacts } from '../rows/row-facts.js';
import { type Unit } from '../unit/unit.js';
import { type WriteOperation, type Write } from '../write/write.js';
import { type Capture } from './capture.js';

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
  private readonly writes: Write[] = [];
  private readonly facts = new Map<EntityMetadata, ResultFacts>();
  private hasEnded = false;

  /**
   * @param queryRunner of the application, whose hooks write with it too
   * @param who who writes; undefined in `without()` and for `save(…, { listeners: false })`, which record nothing
   */
  constructor(
    readonly capture: Capture,
    readonly queryRunner: QueryRunner,
    readonly unit: Unit,
    private readonly who: Who | undefined,
    private readonly flush: Flush,
  ) {}

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

/** @param how what TypeORM does otherwise, as a predicate */
export function unrecordedFlush(how: string): UnrecordedWriteError {
  return new UnrecordedWriteError(
    new AuditError(
      `TypeORM ${typeormVersion()} ${how}. Use a version of TypeORM that nestjs-typeorm-audit lists among its peer ` +
        `dependencies, and let other libraries' wraps call what they stand around.`,
    ),
  );
}
