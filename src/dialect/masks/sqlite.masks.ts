import { type DataSource } from 'typeorm';
import { sqliteConnectionOf } from '../sessions/sqlite.connection.js';
import { type DigestFunction } from './digest-key.js';
import { type Masks } from './masks.js';

/** A connection of better-sqlite3, or of sql.js. */
type Connection =
  | { function(name: string, options: object, fn: DigestFunction): void }
  | { create_function(name: string, fn: DigestFunction): void };

const provided = new WeakSet<Connection>();

/** SQLite can't hash, so we register a function on the connection. */
export function sqliteMasks(dataSource: DataSource): Masks {
  return {
    asText: (expression) => `CAST(${expression} AS TEXT)`,
    // SQLite's drivers give a function integers as doubles.
    digest: (expression, _, { number }) =>
      `audit_digest(${number}, CASE typeof(${expression}) WHEN 'blob' THEN ${expression} ` +
      `WHEN 'real' THEN printf('%!.17g', ${expression}) ELSE CAST(${expression} AS TEXT) END)`,
    provideDigest: (digest) => {
      const connection = sqliteConnectionOf(dataSource) as Connection;
      // sql.js forgets its functions when the database is exported, as by an autosave.
      if ('create_function' in connection) connection.create_function('audit_digest', digest);
      else if (!provided.has(connection)) {
        connection.function('audit_digest', { deterministic: true }, digest);
        provided.add(connection);
      }
    },
  };
}
