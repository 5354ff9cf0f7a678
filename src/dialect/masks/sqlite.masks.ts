import { type DataSource } from 'typeorm';
import { sqliteConnectionStateOf } from '../sessions/sqlite.connection.js';
import { type DigestFunction } from './digest-key.js';
import { type Masks } from './masks.js';

/** A connection of better-sqlite3, or of sql.js. */
type Connection =
  | { function(name: string, options: object, fn: DigestFunction): void }
  | { create_function(name: string, fn: DigestFunction): void };

/** SQLite can't hash, so we register a function on the connection. */
export function sqliteMasks(dataSource: DataSource): Masks {
  return {
    asText: (expression) => `CAST(${expression} AS TEXT)`,
    // SQLite's drivers give a function integers as doubles.
    digest: (expression, _, { number }) =>
      `audit_digest(${number}, CASE typeof(${expression}) WHEN 'blob' THEN ${expression} ` +
      `WHEN 'real' THEN printf('%!.17g', ${expression}) ELSE CAST(${expression} AS TEXT) END)`,
    provideDigest: (digest) => {
      const state = sqliteConnectionStateOf(dataSource);
      const connection = state.connection as Connection;
      // sql.js forgets its functions when the database is exported, as by an autosave.
      if ('create_function' in connection) connection.create_function('audit_digest', digest);
      else if (!state.hasDigest) {
        connection.function('audit_digest', { deterministic: true }, digest);
        state.hasDigest = true;
      }
    },
  };
}
