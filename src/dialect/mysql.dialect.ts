import { type DataSource } from 'typeorm';
import { mysqlCatalogue } from './catalogue/mysql.catalogue.js';
import { type Dialect } from './dialect.js';
import { mysqlKeys } from './keys/mysql.keys.js';
import { mysqlLoad } from './load/mysql.load.js';
import { mysqlLocks } from './locks/mysql.locks.js';
import { mysqlMasks } from './masks/mysql.masks.js';
import { mysqlRun } from './run/mysql.run.js';
import { mysqlSchema } from './schema/mysql.schema.js';
import { MysqlServer } from './sessions/mysql.server.js';
import { mysqlSessions } from './sessions/mysql.sessions.js';
import { mysqlSql } from './sql/mysql.sql.js';
import { mysqlTypes } from './types/mysql.types.js';

/** MySQL 8.0.14 and MariaDB 10.6, and later, by mysql2. */
export function mysqlDialect(dataSource: DataSource): Dialect {
  const server = new MysqlServer(dataSource);
  const sessions = mysqlSessions(server);
  const catalogue = mysqlCatalogue(dataSource);
  return {
    catalogue,
    schema: mysqlSchema(dataSource, catalogue, server),
    types: mysqlTypes(dataSource, server),
    masks: mysqlMasks(dataSource, server),
    keys: mysqlKeys(dataSource),
    load: mysqlLoad,
    locks: mysqlLocks,
    sessions,
    sql: mysqlSql(server),
    run: mysqlRun(dataSource, server, sessions),
  };
}
