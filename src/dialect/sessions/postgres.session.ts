import { type EventEmitter, once } from 'node:events';
import { type Ask, TextSession, oncePerConnection, type Session } from './session.js';
import { transactionCommands } from './transaction-commands.js';

type Status = 'I' | 'T' | 'E';

// A longer text can't be a SET or BEGIN with an isolation level.
const LONGEST_SETTING = 1_000;

/** The part of a client of the `pg` package that tells about its session. */
interface PgClient {
  readonly host: string;
  readonly port: number;
  /** The process ID for cancel requests: that of the server's process, or one that a pooler made up. */
  readonly processID: number | null;
  /** Exists from pg 8.23 on. */
  getTransactionStatus?(): Status | null;
  /** Undefined with pg-native. */
  readonly connection?: EventEmitter;
  /** False until ReadyForQuery, the end of a statement. After an error it comes later than the error. */
  readonly readyForQuery?: boolean;
  /** False once the connection is lost. */
  readonly _queryable?: boolean;
}

const LEVEL = /\bisolation(?:\s+level)?\s*(?:=|\bto\b|\s)\s*'?(serializable|repeatable|read)\b/i;
const OF_SESSION = /\bset\s+session\b|\bdefault_transaction_isolation\b/i;

/** The sessions of one data source. Connections to the same address share what we know of the server. */
export function postgresSessionOf(): (connection: object) => Session {
  const servers = new Map<string, Server>();
  const serverOf = ({ host, port }: PgClient): Server => {
    const address = `${host}:${port}`;
    let server = servers.get(address);
    if (!server) servers.set(address, (server = { level: undefined, isDirect: false }));
    return server;
  };
  return oncePerConnection((connection) => {
    const client = connection as PgClient;
    return typeof client.connection?.on === 'function'
      ? new PostgresSession(client, client.connection, serverOf(client))
      : new TextSession();
  });
}

/** The server at one address, asked once. */
interface Server {
  /** The default isolation level of the server, the database or the role. */
  level: string | undefined;
  /** Whether a connection keeps its server process. A pooler may give it another process for each transaction. */
  isDirect: boolean;
}

/** Reads the status that PostgreSQL sends after each statement, and follows the isolation level. */
class PostgresSession implements Session {
  readonly commandsIn = transactionCommands;
  private told: Status | null = null;
  private ofSession: string | undefined;
  private ofTransaction: string | undefined;

  constructor(
    private readonly client: PgClient,
    private readonly protocol: EventEmitter,
    private readonly server: Server,
  ) {
    if (!client.getTransactionStatus)
      protocol.on('readyForQuery', ({ status }: { status: Status }) => (this.told = status));
  }

  get isSerializable(): boolean {
    return (this.ofTransaction ?? this.ofSession ?? this.server.level) === 'serializable';
  }

  // A changed search_path or role makes PostgreSQL plan a prepared statement anew.
  get keepsStatements(): boolean {
    return this.server.isDirect;
  }

  noteResult(text: string): boolean {
    if (this.status === 'I') this.ofTransaction = undefined;
    const level = text.length < LONGEST_SETTING && LEVEL.exec(text)?.[1].toLowerCase();
    if (level && OF_SESSION.test(text)) this.ofSession = level;
    else if (level && this.status !== 'I') this.ofTransaction = level;
    return false;
  }

  noteError(): void {
    // The client has the status.
  }

  isInTransaction(ask: Ask): boolean | Promise<boolean> {
    if (this.client.readyForQuery === false && this.client._queryable !== false)
      return this.untilReady().then(() => this.isInTransaction(ask));
    const { status } = this;
    if (status && (this.server.level || status === 'E')) return status !== 'I';
    return this.askServer(ask).then(() => this.status !== 'I');
  }

  survives(ask: Ask): boolean | Promise<boolean> {
    return this.isInTransaction(ask);
  }

  // If the connection ends instead, its next statement fails by itself.
  private async untilReady(): Promise<void> {
    const over = new AbortController();
    const { signal } = over;
    const events = ['readyForQuery', 'end', 'error'].map((event) => once(this.protocol, event, { signal }));
    await Promise.race(events.map((event) => event.catch(() => undefined)));
    over.abort();
  }

  private get status(): Status | null {
    return this.client.getTransactionStatus?.() ?? this.told;
  }

  private async askServer(ask: Ask): Promise<void> {
    const [row] = (await ask(
      `SELECT current_setting('default_transaction_isolation') AS level, pg_backend_pid() AS pid`,
    )) as { level: string; pid: number | string }[];
    this.server.level = row?.level ?? 'unknown';
    this.server.isDirect = Number(row?.pid) === this.client.processID;
  }
}
