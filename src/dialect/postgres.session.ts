import { type EventEmitter, once } from 'node:events';
import { type Ask, FollowedSession, type Session } from './session.js';

type Status = 'I' | 'T' | 'E';

/** A client of the `pg` package, as far as it tells of its session. */
interface PgClient {
  /** From pg 8.23 on. */
  getTransactionStatus?(): Status | null;
  /** Not with pg-native. */
  readonly connection?: EventEmitter;
  /** False until the server has said that a statement has ended, which after an error comes later than the error. */
  readonly readyForQuery?: boolean;
}

/** The status that PostgreSQL sends after each statement. */
export function postgresSession(connection: object): Session {
  const client = connection as PgClient;
  return typeof client.connection?.on === 'function'
    ? new PostgresSession(client, client.connection)
    : new FollowedSession();
}

class PostgresSession implements Session {
  // A changed search_path or role makes PostgreSQL plan a prepared statement anew.
  readonly keepsStatements = true;
  private told: Status | null = null;

  constructor(
    private readonly client: PgClient,
    private readonly protocol: EventEmitter,
  ) {
    if (!client.getTransactionStatus)
      protocol.on('readyForQuery', ({ status }: { status: Status }) => (this.told = status));
  }

  noteResult(): void {
    // The client knows.
  }

  noteError(): void {
    // The client knows.
  }

  isInTransaction(ask: Ask): boolean | Promise<boolean> {
    if (this.client.readyForQuery === false)
      return once(this.protocol, 'readyForQuery').then(() => this.isInTransaction(ask));
    const status = this.client.getTransactionStatus?.() ?? this.told;
    if (status) return status !== 'I';
    return ask('SELECT 1').then(() => (this.client.getTransactionStatus?.() ?? this.told) !== 'I');
  }
}
