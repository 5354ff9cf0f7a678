import { QueryFailedError, type QueryRunner } from 'typeorm';
import { AuditError, UnrecordedWriteError } from '../../audit.errors.js';
import { type Dialect } from '../../dialect/dialect.js';
import { baseRunnerOf, hasOwnQuery, ownQueryOf } from '../../typeorm/query-runner.js';
import { typeormVersion } from '../../typeorm/version.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { showActive } from './active-flag.js';
import { type Line, type Place } from './line.js';
import { type ReplacedQueries } from './query-replacements.js';
import { Turn } from './turn.js';

/** A statement as the application's error tells it. */
export interface UnitStatement {
  readonly text: string;
  readonly parameters: unknown[];
}

/**
 * A write and its revisions, and nothing around them: neither hooks nor other statements.
 *
 * It runs on the query runner that TypeORM would have used, in the transaction that is open on its connection. Where
 * none is open it has one of its own, of which no subscriber is told and TypeORM's query runner knows nothing.
 */
export class Unit {
  private readonly turn = new Turn();
  private begun: Promise<void> | undefined;
  private line: Line | undefined;
  private place: Place | undefined;
  private isOwn = false;
  private hideActive: (() => void) | undefined;

  constructor(
    readonly queryRunner: QueryRunner,
    private readonly dialect: Dialect,
    private readonly replaced: ReplacedQueries,
    private readonly lineOf: () => Line | Promise<Line>,
  ) {}

  /** `old` where the transaction may have read before, so that at REPEATABLE READ it doesn't see what is newest. */
  get snapshot(): 'fresh' | 'old' {
    return this.line!.transaction.hasRead ? 'old' : 'fresh';
  }

  /** Whether the transaction is the unit's own. */
  get hasOwnTransaction(): boolean {
    return this.isOwn;
  }

  /** Lets what it has read so far not stand in the way of its write, where the transaction is its own. */
  async renewSnapshot(): Promise<void> {
    if (this.isOwn) await this.dialect.sessions.renewSnapshot?.(this.queryRunner);
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

  /** Runs a function whose statements belong to the unit, once it has begun. */
  within<T>(fn: () => T): T {
    return this.turn.run(fn);
  }

  /**
   * Sends a statement of the unit.
   *
   * @throws UnrecordedWriteError when it has gone past the watch over TypeORM's query runners, so that nothing would keep
   *   a failure from being committed
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

  /** Waits for those that came before; takes its own place at once, where the connection is known. */
  begin(): Promise<void> {
    return (this.begun ??= this.enter());
  }

  /**
   * Commits a transaction of its own, and gives the connection to the next one.
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

  /** Takes back what a transaction of its own has written; in that of the application its statement has failed. */
  async abandon(): Promise<void> {
    try {
      this.line?.session.noteError();
      // A connection that can't roll back, or that is asked in vain, has lost the transaction anyway.
      if (this.isOwn) await this.rollBack().catch(() => undefined);
      else if (this.line?.transaction.hasFailed) await this.forgetLost().catch(() => undefined);
    } finally {
      this.finish();
    }
  }

  /**
   * Lets other statements run beside it, but for those that would end the transaction: hooks may be waiting for them.
   * In a transaction of its own they would become part of it.
   */
  letOthersPass(): void {
    if (!this.isOwn) this.place?.pass();
  }

  /** Keeps the transaction from being committed: the write was done, and has no revision. */
  fail(error: unknown): void {
    this.line?.transaction.fail(error);
  }

  private async enter(): Promise<void> {
    const found = this.lineOf();
    const line = found instanceof Promise ? await found : found;
    this.line = line;
    // A write of a hook that belongs to another unit is part of that.
    if (line.isInUnit) return;
    this.place = line.enter(this.turn);
    if (this.place.turned) await this.place.turned;
    try {
      if (this.replaced.isUnknown(this.queryRunner)) await this.assertWatched();
      const open = line.session.isInTransaction((text) => this.beneath(text));
      if (open instanceof Promise ? await open : open) return;
      line.transaction.end();
      await this.beginOwn();
    } catch (error) {
      this.finish();
      throw error;
    }
  }

  // Once for each function that another library has put there; what it doesn't hand on has written nothing then.
  private async assertWatched(): Promise<void> {
    const { query } = this.queryRunner as { readonly query: object };
    await this.watched(() => this.queryRunner.query('SELECT 1'));
    this.replaced.trust(query);
  }

  // What belonged to a transaction that the server has ended, for a deadlock say, is not there any more.
  private async forgetLost(): Promise<void> {
    const { session, transaction } = this.line!;
    if (!(await session.survives((text) => this.beneath(text)))) transaction.end();
  }

  private async beginOwn(): Promise<void> {
    const { queryRunner, dialect, turn } = this;
    try {
      await this.beneath(dialect.sessions.begin);
    } catch (error) {
      // Somebody has begun one past TypeORM.
      if (dialect.sessions.isInTransactionError(error)) return;
      throw error;
    }
    this.isOwn = true;
    if (!hasOwnQuery(queryRunner))
      this.hideActive = showActive(baseRunnerOf(queryRunner), () => Turn.isWithin((other) => other === turn));
  }

  private async commit(statement: UnitStatement | undefined): Promise<void> {
    try {
      // A write of a hook may have failed, and the hook have caught that.
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
    // What is read and written next in the transaction of the application comes after what the unit has read.
    if (this.isOwn) this.line?.transaction.end();
    else this.line?.transaction.noteRead();
    this.place?.leave();
    this.place = undefined;
  }
}
