import { newId } from '../../revision/clock.js';
import { UnrecordedWriteError } from '../../audit.errors.js';
import { type TransactionCommand } from '../../dialect/sessions/transaction-commands.js';

/** The open transaction of a connection, whoever began it: its id, its savepoints, and its unrecorded writes. */
export class Transaction {
  private id: string | undefined;
  private isRead = false;
  private savepoints: string[] = [];
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
    else if (kind === 'release') this.leave(name!, 0);
    else if (kind === 'rollback to') {
      this.leave(name!, 1);
      if (this.failure && this.failure.depth >= this.savepoints.length) this.failure = undefined;
    }
  }

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
