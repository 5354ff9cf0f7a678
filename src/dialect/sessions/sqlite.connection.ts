import { type DataSource } from 'typeorm';

/** The one connection of a data source, of better-sqlite3 or sql.js. */
export function sqliteConnectionOf({ driver }: DataSource): unknown {
  return (driver as unknown as { databaseConnection: unknown }).databaseConnection;
}
