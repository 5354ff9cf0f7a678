import { type DataSource } from 'typeorm';
import { StateSlot } from '../../typeorm/state-slot.js';

/** A prepared statement of better-sqlite3. */
export interface SqliteStatement {
  readonly reader: boolean;
  all(...values: unknown[]): Record<string, unknown>[];
  run(...values: unknown[]): { changes: number };
}

/** What this library has made on a connection. */
export interface SqliteConnectionState {
  readonly connection: unknown;
  /** By their text. */
  readonly statements: Map<string, SqliteStatement>;
  /** Whether the connection has the function `audit_digest()`. */
  hasDigest: boolean;
}

const states = new StateSlot<SqliteConnectionState>('sqlite-connection');

/** The one connection of a data source, of better-sqlite3 or sql.js. */
export function sqliteConnectionOf({ driver }: DataSource): unknown {
  return (driver as unknown as { databaseConnection: unknown }).databaseConnection;
}

/** The state of a data source's connection. A data source that is initialised again has another connection. */
export function sqliteConnectionStateOf(dataSource: DataSource): SqliteConnectionState {
  const connection = sqliteConnectionOf(dataSource);
  const known = states.of(dataSource.driver);
  if (known && known.connection === connection) return known;
  const state = { connection, statements: new Map<string, SqliteStatement>(), hasDigest: false };
  states.set(dataSource.driver, state);
  return state;
}
