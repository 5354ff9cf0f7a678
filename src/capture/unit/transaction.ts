import { newId } from '../../revision/clock.js';
import { UnrecordedWriteError } from '../../audit.errors.js';
import { type TransactionCommand } from '../../dialect/sessions/transaction-commands.js';

/** The transaction that is open on a connection, whoever began it: its id, its savepoints, and what went wrong in it. */
export class Transaction {
  private id: string | undefined;
  private isRead = false;
  private savepoints: string[] = [];
  /** The first write without a revision, and how many savepoints there were. */
  private failure: { readonly depth: number; readonly error: unknown } | undefined;

  /** The `rev_transaction` of its revisions. */
  get revTransaction(): string {
    return (this.id ??= newId());
  }

  /** Whether it may have a snapshot from before the next write. */
  get hasRead(): boolean {
    return this.isRead;
  }

  noteRead(): void {
    this.isRead = true;
  }

  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  /** Keeps it, or the savepoint that it is in, from being committed: it has a write without a revision. */
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

  /** Follows a command that has succeeded. */
  follow({ kind, name }: TransactionCommand): void {
    if (kind === 'begin') this.isRead = false;
    else if (kind === 'commit' || kind === 'rollback') this.end();
    else if (kind === 'savepoint') this.savepoints.push(name!);
    else if (kind === 'release') this.leave(name!, 0);
    else if (kind === 'rollback to') {
      this.leave(name!, 1);
      if (this.failure && this.failure.depth >= this.savepoints.length) this.failure = undefined;
    }
  }

  /** What belonged to it is forgotten with it. */
  end(): void {
    this.id = undefined;
    this.isRead = false;
    this.savepoints = [];
    this.failure = undefined;
  }

  private leave(name: string, kept: 0 | 1): void {
    const at = this.savepoints.lastIndexOf(name);
    if (at !== -1) this.savepoints.length = at + kept;
  }
}
