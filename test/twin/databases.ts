import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { type DataSourceOptions } from 'typeorm';
import { type TwinDatabase } from './paths/write-path.js';

/** An empty database of one process. */
export interface ProcessDatabase {
  readonly options: DataSourceOptions;
  drop(): Promise<void>;
}

const urls = {
  postgres: () => process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres',
  mariadb: () => process.env.MARIADB_URL ?? 'mysql://root@127.0.0.1:3306/',
  mysql: () => process.env.MYSQL_URL ?? 'mysql://root@127.0.0.1:3308/',
};

export async function createProcessDatabase(database: TwinDatabase): Promise<ProcessDatabase> {
  if (database === 'sqlite')
    return { options: { type: 'better-sqlite3', database: ':memory:' }, drop: () => Promise.resolve() };
  const name = `audit_test_${Math.floor(Date.now() / 60_000)}_${process.pid}_${randomBytes(4).toString('hex')}`;
  return database === 'postgres' ? createPostgres(name) : createMysql(database, name);
}

async function createPostgres(name: string): Promise<ProcessDatabase> {
  const url = new URL(urls.postgres());
  const administer = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: urls.postgres() });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await administer(`CREATE DATABASE ${name} TEMPLATE template0`);
  url.pathname = `/${name}`;
  return {
    options: { type: 'postgres', url: url.href, database: name },
    drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function createMysql(database: 'mariadb' | 'mysql', name: string): Promise<ProcessDatabase> {
  const url = new URL(urls[database]());
  const administer = async (sql: string): Promise<void> => {
    const connection = await mysql.createConnection({ uri: url.href });
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  };
  await administer(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  return {
    options: {
      type: database,
      host: url.hostname,
      port: Number(url.port || 3306),
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: name,
      charset: 'utf8mb4',
    },
    drop: () => administer(`DROP DATABASE IF EXISTS ${name}`),
  };
}
