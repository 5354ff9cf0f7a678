import { type TransactionCommand, transactionCommands } from './transaction-commands.js';

/** Runs a statement beneath the query runner, and returns the driver's result. */
export type Ask = (text: string) => Promise<unknown>;

/**
 * The session of a connection. TypeORM's `isTransactionActive` only knows TypeORM's own transactions. Only the
 * connection knows of a BEGIN by hand, a deadlock or a killed transaction.
 */
export interface Session {
  /** The transaction commands in a text, and the statements with an implicit commit. */
  commandsIn(text: string): readonly TransactionCommand[];
  /**
   * Learns from a statement that has ended.
   *
   * @returns whether certainly no transaction is open now
   */
  noteResult(text: string, result: unknown): boolean;
  /** Learns from a statement that has failed, which may have ended the transaction. */
  noteError(text?: string): void;
  /** Whether the next statement runs in a transaction: in an open one, or in one that the database begins with it. */
  isInTransaction(ask: Ask): boolean | Promise<boolean>;
  /** Whether the transaction is still open after a statement in it has failed. */
  survives(ask: Ask): boolean | Promise<boolean>;
  /** Whether the transaction is SERIALIZABLE, on databases where our reads must be different then. */
  readonly isSerializable: boolean;
  /** Whether the connection keeps a prepared statement, and the statement keeps its meaning. */
  readonly keepsStatements: boolean;
}

/** Makes one object for each connection. */
export function oncePerConnection<T extends Session>(
  make: (connection: object) => T,
): (connection: object) => T {
  const sessions = new WeakMap<object, T>();
  return (connection) => {
    let session = sessions.get(connection);
    if (!session) sessions.set(connection, (session = make(connection)));
    return session;
  };
}

/** Follows the transaction by the text of the statements, for drivers without a status. */
export class TextSession implements Session {
  readonly isSerializable = false;
  readonly keepsStatements = false;
  readonly commandsIn = transactionCommands;
  private isOpen = false;

  noteResult(text: string): boolean {
    for (const { kind } of transactionCommands(text))
      if (kind === 'begin') this.isOpen = true;
      else if (kind === 'commit' || kind === 'rollback') this.isOpen = false;
    return false;
  }

  noteError(): void {
    // The error doesn't show a change of the transaction. A BEGIN in an open transaction fails by itself.
  }

  isInTransaction(): boolean {
    return this.isOpen;
  }

  survives(): boolean {
    return this.isOpen;
  }
}
