import { type DataSource } from 'typeorm';
import { tableName } from '../catalogue/table-name.js';
import { type Load } from './load.js';

const PRESSURE =
  `SELECT (SELECT coalesce(max(extract(epoch FROM replay_lag)), 0) FROM pg_stat_replication)::float AS lag, ` +
  `(SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM pg_stat_activity ` +
  `WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')::float AS age`;

export function postgresLoad(dataSource: DataSource): Load {
  return {
    // Before the first ANALYZE it is -1, or 0 in older versions.
    estimateRows: async (queryRunner, tablePath) => {
      const [{ rows }] = (await queryRunner.query(
        'SELECT coalesce(max(reltuples), 0)::float AS rows FROM pg_class WHERE oid = to_regclass($1)',
        [tableName(dataSource, { tablePath })],
      )) as { rows: number }[];
      return rows > 0 ? Math.round(rows) : undefined;
    },

    pressure: async (queryRunner) => {
      const [{ lag, age }] = (await queryRunner.query(PRESSURE)) as { lag: number; age: number }[];
      return { replicaLag: lag, transactionAge: age };
    },
  };
}
