import { type TransactionCommand, transactionCommands } from './transaction-commands.js';

/** Runs a statement beneath the query runner, and gives what the driver gave. */
export type Ask = (text: string) => Promise<unknown>;

/**
 * What a connection knows of its own session. TypeORM's `isTransactionActive` only knows the transactions that TypeORM
 * began; a BEGIN by hand, a deadlock or a killed transaction are the connection's to say.
 */
export interface Session {
  /** The transaction commands in a text, and what else in it has the effect of one. */
  commandsIn(text: string): readonly TransactionCommand[];
  /**
   * Learns from a statement that has ended.
   *
   * @returns whether it is known now that no transaction is open
   */
  noteResult(text: string, result: unknown): boolean;
  /** Learns from a statement that has failed, which may have ended the transaction. */
  noteError(text?: string): void;
  /** Whether a statement would run in an open transaction, or in one that the database begins with it. */
  isInTransaction(ask: Ask): boolean | Promise<boolean>;
  /** Whether a transaction is open still, after a statement in it has failed. */
  survives(ask: Ask): boolean | Promise<boolean>;
  /** Whether the transaction is SERIALIZABLE, as far as the database's rules for what is read there matter. */
  readonly isSerializable: boolean;
  /** Whether the connection keeps a prepared statement, which then means the same tables still. */
  readonly keepsStatements: boolean;
}

/** Makes one object for each connection. */
export function remembered<T extends Session>(make: (connection: object) => T): (connection: object) => T {
  const sessions = new WeakMap<object, T>();
  return (connection) => {
    let session = sessions.get(connection);
    if (!session) sessions.set(connection, (session = make(connection)));
    return session;
  };
}

/** Follows the transaction by the text of the statements, where the driver tells nothing. */
export class FollowedSession implements Session {
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
    // What failed has changed nothing that can be told from here; a BEGIN that finds a transaction says so itself.
  }

  isInTransaction(): boolean {
    return this.isOpen;
  }

  survives(): boolean {
    return this.isOpen;
  }
}
