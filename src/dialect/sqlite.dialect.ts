import { type DataSource } from 'typeorm';
import { sqliteCatalogue } from './catalogue/sqlite.catalogue.js';
import { type Dialect } from './dialect.js';
import { sqliteKeys } from './keys/sqlite.keys.js';
import { sqliteLoad } from './load/sqlite.load.js';
import { sqliteLocks } from './locks/sqlite.locks.js';
import { sqliteMasks } from './masks/sqlite.masks.js';
import { sqliteRun } from './run/sqlite.run.js';
import { sqliteSchema } from './schema/sqlite.schema.js';
import { sqliteSessions } from './sessions/sqlite.sessions.js';
import { sqliteSql } from './sql/sqlite.sql.js';
import { sqliteTypes } from './types/sqlite.types.js';

/** SQLite 3.41 and later, by better-sqlite3 or sql.js. */
export function sqliteDialect(dataSource: DataSource): Dialect {
  const catalogue = sqliteCatalogue(dataSource);
  return {
    catalogue,
    schema: sqliteSchema(dataSource, catalogue),
    types: sqliteTypes(dataSource),
    masks: sqliteMasks(dataSource),
    keys: sqliteKeys(dataSource),
    load: sqliteLoad,
    locks: sqliteLocks,
    sessions: sqliteSessions(dataSource),
    sql: sqliteSql,
    run: sqliteRun(dataSource),
  };
}
