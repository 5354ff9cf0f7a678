import { type DataSource } from 'typeorm';
import { postgresCatalogue } from './catalogue/postgres.catalogue.js';
import { type Dialect } from './dialect.js';
import { postgresKeys } from './keys/postgres.keys.js';
import { postgresLoad } from './load/postgres.load.js';
import { postgresLocks } from './locks/postgres.locks.js';
import { postgresMasks } from './masks/postgres.masks.js';
import { postgresRun } from './run/postgres.run.js';
import { postgresSchema } from './schema/postgres.schema.js';
import { postgresSessions } from './sessions/postgres.sessions.js';
import { postgresSql } from './sql/postgres.sql.js';
import { postgresTypes } from './types/postgres.types.js';

/** PostgreSQL 12 and later. */
export function postgresDialect(dataSource: DataSource): Dialect {
  const sessions = postgresSessions();
  const catalogue = postgresCatalogue(dataSource);
  return {
    catalogue,
    schema: postgresSchema(dataSource, catalogue),
    types: postgresTypes(dataSource),
    masks: postgresMasks(dataSource),
    keys: postgresKeys(dataSource),
    load: postgresLoad(dataSource),
    locks: postgresLocks,
    sessions,
    sql: postgresSql,
    run: postgresRun(dataSource, sessions),
  };
}
