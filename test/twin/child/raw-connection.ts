import mysql from 'mysql2/promise';
import pg from 'pg';
import { type DataSource } from 'typeorm';

export type RawRow = Record<string, unknown>;

/** A connection beside TypeORM's pool (SQLite has one only, and this is it), for several statements in one text. */
export interface RawConnection {
  /** The rows of each statement. */
  run(sql: string): Promise<RawRow[][]>;
  close(): Promise<void>;
}

/** Gives up after two seconds when a lock is in the way: a scenario has left a transaction open then. */
export async function openRaw(dataSource: DataSource): Promise<RawConnection> {
  const options = dataSource.options as any;
  if (options.type === 'postgres') return openPostgres(options.url);
  if (options.type === 'better-sqlite3') return rawSqlite(dataSource);
  return openMysql(options);
}

async function openPostgres(url: string): Promise<RawConnection> {
  const client = new pg.Client({ connectionString: url, lock_timeout: 2000 });
  await client.connect();
  return {
    run: async (sql) => {
      const results = (await client.query(sql)) as unknown as pg.QueryResult | pg.QueryResult[];
      return (Array.isArray(results) ? results : [results]).map(({ rows }) => rows);
    },
    close: () => client.end(),
  };
}

async function openMysql({ type, host, port, username, password, database }: any): Promise<RawConnection> {
  const connection = await mysql.createConnection({
    host,
    port,
    user: username,
    password,
    database,
    multipleStatements: true,
  });
  await connection.query('SET lock_wait_timeout = 2, innodb_lock_wait_timeout = 2');
  // MySQL would tell the next generated keys of a day ago.
  if (type === 'mysql') await connection.query('SET information_schema_stats_expiry = 0');
  return {
    run: async (sql) => {
      const [results] = await connection.query(sql);
      const list = results as unknown[];
      return (Array.isArray(list[0]) || isHeader(list[0]) ? list : [list]).map((rows) =>
        Array.isArray(rows) ? rows : [],
      );
    },
    close: () => connection.end(),
  };
}

function isHeader(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'affectedRows' in result;
}

function rawSqlite(dataSource: DataSource): RawConnection {
  const connection = (dataSource.driver as any).databaseConnection;
  return {
    run: async (sql) =>
      sql
        .split(';\n')
        .filter((statement) => statement.trim())
        .map((statement) => {
          const prepared = connection.prepare(statement);
          return prepared.reader ? prepared.all() : (prepared.run(), []);
        }),
    close: () => Promise.resolve(),
  };
}
