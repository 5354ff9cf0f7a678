import { newId } from '../../revision/clock.js';
import { SkipCounts, type SkippedStatements } from './skip-counts.js';
import { UnrecordedWriteError } from '../../audit.errors.js';
import { type TransactionCommand } from '../../dialect/sessions/transaction-commands.js';

/** Whether a transaction has its row of one audited table in `audit_changeset`. */
export interface ChangesetMark {
  readonly isMade: boolean;
  /** Takes note that the row has been inserted. */
  noteMade(): void;
}

/** The mark of a transaction that writes one table once. */
export function newChangesetMark(): ChangesetMark {
  let isMade = false;
  return {
    get isMade() {
      return isMade;
    },
    noteMade: () => (isMade = true),
  };
}

/**
 * The open transaction of a connection, whoever began it: its id, its savepoints, its changesets, and its unrecorded
 * writes.
 */
export class Transaction {
  private id: string | undefined;
  private isRead = false;
  private savepoints: string[] = [];
  /** The numbers of the tables with a changeset, each with the number of savepoints at that moment. */
  private readonly changesets = new Map<number, number>();
  private readonly skips = new SkipCounts();
  /** The context of each changeset, by the number of its table. */
  readonly contexts = new Map<number, unknown>();
  /** The error of the first write without a revision, and the number of savepoints at that moment. */
  private failure: { readonly depth: number; readonly error: unknown } | undefined;

  /** The `rev_transaction` of its revisions. */
  get revTransaction(): string {
    return (this.id ??= newId());
  }

  /** Whether its snapshot may be older than the next write, because it has read. */
  get hasRead(): boolean {
    return this.isRead;
  }

  noteRead(): void {
    this.isRead = true;
  }

  /** Takes note that it has a new snapshot. */
  noteRenewed(): void {
    this.isRead = false;
  }

  /** The changeset of the audited table with this number. */
  changesetOf(entity: number): ChangesetMark {
    const { changesets } = this;
    return {
      get isMade() {
        return changesets.has(entity);
      },
      noteMade: () => changesets.set(entity, this.savepoints.length),
    };
  }

  /** Lets the next writes insert their changesets again, because it is not certain where the rows are. */
  forgetChangesets(): void {
    this.changesets.clear();
  }

  /** Counts a statement that leaves no revision; see `SkipCounts#add()`. */
  countSkip(kind: string, rows: number | null): SkippedStatements | undefined {
    return this.skips.add(kind, rows);
  }

  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  /** Prevents the COMMIT of the transaction, or the RELEASE of the savepoint: a write in it has no revision. */
  fail(error: unknown): void {
    this.failure ??= { depth: this.savepoints.length, error };
  }

  /** @throws UnrecordedWriteError when a command would commit a write that has no revision */
  assertRecorded({ kind, name }: TransactionCommand): void {
    if (!this.failure) return;
    const isLost =
      kind === 'commit' ||
      kind === 'implicit commit' ||
      (kind === 'release' && this.failure.depth > this.savepoints.lastIndexOf(name!));
    if (isLost) throw new UnrecordedWriteError(this.failure.error);
  }

  /** Takes note of a transaction command that has succeeded. */
  follow({ kind, name }: TransactionCommand): void {
    if (kind === 'begin') this.isRead = false;
    else if (kind === 'commit' || kind === 'rollback') this.end();
    else if (kind === 'savepoint') this.savepoints.push(name!);
    else if (kind === 'release') {
      this.leave(name!, 0);
      this.keepChangesets();
    } else if (kind === 'rollback to') {
      this.leave(name!, 1);
      if (this.failure && this.failure.depth >= this.savepoints.length) this.failure = undefined;
      this.dropChangesets();
      this.skips.clear();
    }
  }

  end(): void {
    this.id = undefined;
    this.isRead = false;
    this.savepoints = [];
    this.changesets.clear();
    this.skips.clear();
    this.contexts.clear();
    this.failure = undefined;
  }

  // After RELEASE they belong to the savepoint around it.
  private keepChangesets(): void {
    const depth = this.savepoints.length;
    for (const [entity, at] of this.changesets) if (at > depth) this.changesets.set(entity, depth);
  }

  private dropChangesets(): void {
    for (const [entity, at] of this.changesets)
      if (at >= this.savepoints.length) this.changesets.delete(entity);
  }

  private leave(name: string, kept: 0 | 1): void {
    const at = this.savepoints.lastIndexOf(name);
    if (at !== -1) this.savepoints.length = at + kept;
  }
}
