import { QueryFailedError, type QueryRunner } from 'typeorm';
import { AuditError, UnrecordedWriteError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Dialect } from '../../dialect/dialect.js';
import { baseRunnerOf, hasOwnQuery, ownQueryOf } from '../../typeorm/query-runner.js';
import { typeormVersion } from '../../typeorm/version.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { FoundNewest } from '../write/found-newest.js';
import { showActive } from './active-flag.js';
import { type Line, type Place } from './line.js';
import { type QueryReplacements } from './query-replacements.js';
import { type SkippedStatements } from './skip-counts.js';
import { type ChangesetMark } from './transaction.js';
import { Turn } from './turn.js';

/** A statement as the application's QueryFailedError shows it. */
export interface UnitStatement {
  readonly text: string;
  readonly parameters: unknown[];
}

/**
 * A write and its revisions, without hooks and other statements.
 *
 * It runs on the query runner that TypeORM chose, in the open transaction of its connection. If no transaction is open,
 * the unit begins its own, which subscribers and TypeORM's query runner don't see.
 */
export class Unit {
  /** The newest revisions of rows that the unit has locked. */
  readonly newest = new FoundNewest();
  private readonly turn = new Turn();
  private begun: Promise<void> | undefined;
  private line: Line | undefined;
  private place: Place | undefined;
  private isOwn = false;
  private readonly baselines = new Set<AuditPlan>();
  private hideActive: (() => void) | undefined;

  constructor(
    readonly queryRunner: QueryRunner,
    private readonly dialect: Dialect,
    private readonly replacements: QueryReplacements,
    private readonly lineOf: () => Line | Promise<Line>,
  ) {}

  /** `old` if the transaction may have read before: under REPEATABLE READ it doesn't see the newest revisions then. */
  get snapshot(): 'fresh' | 'old' {
    return this.line!.transaction.hasRead ? 'old' : 'fresh';
  }

  /** Notes that the unit has recorded rows of a table as they were before its write. */
  noteBaselines(plan: AuditPlan): void {
    this.baselines.add(plan);
  }

  /** The tables of such rows. */
  get tablesWithBaselines(): ReadonlySet<AuditPlan> {
    return this.baselines;
  }

  /** Notes that the unit has read before its write, by a statement that TypeORM's `query()` has not seen. */
  noteRead(): void {
    this.line!.transaction.noteRead();
  }

  /** Whether the transaction is the unit's own. */
  get hasOwnTransaction(): boolean {
    return this.isOwn;
  }

  /** Takes a new snapshot before the write, if the transaction is the unit's own. */
  async renewSnapshot(): Promise<void> {
    const { sessions } = this.dialect;
    if (!this.isOwn || !sessions.renewSnapshot) return;
    await sessions.renewSnapshot(this.queryRunner);
    this.line!.transaction.noteRenewed();
  }

  /** The same, only where the write would fail on rows newer than the snapshot. */
  async renewGuardedSnapshot(): Promise<void> {
    if (this.isOwn && (await this.dialect.sessions.guardsSnapshots?.(this.queryRunner)))
      await this.renewSnapshot();
  }

  /** Whether the transaction is SERIALIZABLE. */
  get isSerializable(): boolean {
    return this.line!.session.isSerializable;
  }

  get hasBegun(): boolean {
    return this.begun !== undefined;
  }

  /** The `rev_transaction` of its revisions. */
  get revTransaction(): string {
    return this.line!.transaction.revTransaction;
  }

  /** The changeset of the audited table with this number, in the unit's transaction. */
  changesetOf(entity: number): ChangesetMark {
    return this.line!.transaction.changesetOf(entity);
  }

  /** Counts a statement in the unit's transaction that leaves no revision; see `SkipCounts#add()`. */
  countSkip(kind: string, rows: number | null): SkippedStatements | undefined {
    return this.line!.transaction.countSkip(kind, rows);
  }

  /** The context of each changeset in the unit's transaction, by the number of its table. */
  get contexts(): Map<number, unknown> {
    return this.line!.transaction.contexts;
  }

  /** Runs a function. Its statements belong to the unit, once it has begun. */
  within<T>(fn: () => T): T {
    return this.turn.run(fn);
  }

  /**
   * Sends a statement of the unit.
   *
   * @throws UnrecordedWriteError when the statement has bypassed our wrap of TypeORM's `query()`, because then nothing
   *   could prevent the COMMIT of an unrecorded write
   */
  async watched<T>(send: () => Promise<T>): Promise<T> {
    const { seen } = this.line!;
    const result = await send();
    if (this.line!.seen > seen) return result;
    const error = new UnrecordedWriteError(
      new AuditError(
        `query() of the query runner has not come to the one of TypeORM ${typeormVersion()} that nestjs-typeorm-audit ` +
          `stands around. Let what replaces it call it.`,
      ),
    );
    this.fail(error);
    throw error;
  }

  /** Waits for earlier units and statements. With a known connection the unit enters the queue synchronously. */
  begin(): Promise<void> {
    return (this.begun ??= this.enter());
  }

  /**
   * Commits its own transaction, if it has one, and passes the connection on.
   *
   * @throws QueryFailedError of the statement when a deferred constraint refuses the COMMIT
   */
  async end(statement?: UnitStatement): Promise<void> {
    try {
      if (this.isOwn) await this.commit(statement);
    } finally {
      this.finish();
    }
  }

  /** Rolls back its own transaction. In a transaction of the application only the failed statement is undone. */
  async abandon(): Promise<void> {
    try {
      this.line?.session.noteError();
      // If the ROLLBACK or the query fails, the connection has lost the transaction anyway.
      if (this.isOwn) await this.rollBack().catch(() => undefined);
      else if (this.line?.transaction.hasFailed) await this.forgetLost().catch(() => undefined);
    } finally {
      this.finish();
    }
  }

  /**
   * Lets other statements run before the unit ends, because hooks may be waiting for them. Transaction commands still
   * wait. If the unit has its own transaction, all statements wait, because they would become part of it.
   */
  letOthersPass(): void {
    if (!this.isOwn) this.place?.pass();
  }

  /** Prevents the COMMIT of the transaction, because the write has no revision. */
  fail(error: unknown): void {
    this.line?.transaction.fail(error);
  }

  private async enter(): Promise<void> {
    const found = this.lineOf();
    const line = found instanceof Promise ? await found : found;
    this.line = line;
    // A write by a hook of another unit becomes part of that unit.
    if (line.isInUnit) return;
    this.place = line.enter(this.turn);
    if (this.place.turned) await this.place.turned;
    try {
      if (this.replacements.isUnknown(this.queryRunner)) await this.assertWatched();
      const open = line.session.isInTransaction((text) => this.beneath(text));
      if (open instanceof Promise ? await open : open) return;
      line.transaction.end();
      await this.beginOwn();
    } catch (error) {
      this.finish();
      throw error;
    }
  }

  // A replaced `query()` is tested once, with SELECT 1, before it can write without our noticing.
  private async assertWatched(): Promise<void> {
    const { query } = this.queryRunner as { readonly query: object };
    await this.watched(() => this.queryRunner.query('SELECT 1'));
    this.replacements.trust(query);
  }

  // The server may have ended the transaction, for example after a deadlock. Then its state is void.
  private async forgetLost(): Promise<void> {
    const { session, transaction } = this.line!;
    if (!(await session.survives((text) => this.beneath(text)))) transaction.end();
  }

  private async beginOwn(): Promise<void> {
    const { queryRunner, dialect, turn } = this;
    try {
      await this.beneath(dialect.sessions.begin);
    } catch (error) {
      // Other code has begun a transaction without TypeORM.
      if (dialect.sessions.isInTransactionError(error)) return;
      throw error;
    }
    this.isOwn = true;
    if (!hasOwnQuery(queryRunner))
      this.hideActive = showActive(baseRunnerOf(queryRunner), () => Turn.isWithin((other) => other === turn));
  }

  private async commit(statement: UnitStatement | undefined): Promise<void> {
    try {
      // A hook may have caught the error of its own unrecorded write.
      this.line!.transaction.assertRecorded({ kind: 'commit' });
      await this.beneath('COMMIT');
    } catch (error) {
      await this.rollBack().catch(() => undefined);
      if (!statement || !(error instanceof QueryFailedError)) throw error;
      throw new QueryFailedError(statement.text, statement.parameters, error.driverError as Error);
    }
  }

  private async rollBack(): Promise<void> {
    const { queryRunner } = this;
    dataSourceOf(queryRunner).logger.logQuery('ROLLBACK', undefined, queryRunner);
    this.line?.session.noteResult('ROLLBACK', await this.dialect.sessions.rollBack(queryRunner));
  }

  private async beneath(text: string): Promise<unknown> {
    const result = await ownQueryOf(this.queryRunner).call(this.queryRunner, text);
    this.line?.session.noteResult(text, result);
    return result;
  }

  private finish(): void {
    this.hideActive?.();
    this.hideActive = undefined;
    // The unit has read in the application's transaction, so the snapshot is old from now on.
    if (this.isOwn) this.line?.transaction.end();
    else this.line?.transaction.noteRead();
    this.place?.leave();
    this.place = undefined;
  }
}
