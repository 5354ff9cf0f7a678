import { TextSession, type Session } from './session.js';
import { transactionCommands } from './transaction-commands.js';

/** better-sqlite3 says whether a transaction is open; sql.js doesn't. */
export function sqliteSession(connection: object): Session {
  return 'inTransaction' in connection
    ? new SqliteSession(connection as { inTransaction: boolean })
    : new TextSession();
}

class SqliteSession implements Session {
  readonly isSerializable = false;
  readonly keepsStatements = true;
  readonly commandsIn = transactionCommands;

  constructor(private readonly connection: { readonly inTransaction: boolean }) {}

  noteResult(): boolean {
    // The connection has the status.
    return false;
  }

  noteError(): void {
    // The connection has the status.
  }

  isInTransaction(): boolean {
    return this.connection.inTransaction;
  }

  survives(): boolean {
    return this.connection.inTransaction;
  }
}
