import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { URL } from 'node:url';
import { openRelay } from './relay.js';

/** @import { DatabaseName, DatabaseOptions, ServerName } from './types.js' */

/** @type {DatabaseName[]} */
export const databaseNames = ['sqlite', 'sqlite-memory', 'postgres', 'mariadb', 'mysql'];

const urls = {
  postgres: process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres',
  mariadb: process.env.MARIADB_URL ?? 'mysql://root@127.0.0.1:3306/',
  mysql: process.env.MYSQL_URL ?? 'mysql://root@127.0.0.1:3308/',
};
const ports = { postgres: 5432, mariadb: 3306, mysql: 3306 };

/** @type {(name: string) => name is ServerName} */
export const isServer = (name) => name in urls;

let made = 0;
const relays = new Map();

/** Makes each round trip to a server take so many milliseconds, for what `createDatabase()` makes from then on. */
export async function delayRoundTrips(name, roundTripMs) {
  const { hostname, port } = new URL(urls[name]);
  const relay = await openRelay({ host: hostname, port: Number(port || ports[name]), roundTripMs });
  relays.set(name, relay);
}

/** Lets the process end. */
export async function closeRelays() {
  for (const relay of relays.values()) await relay.close();
}

/**
 * Creates an empty database and says how TypeORM reaches it.
 *
 * @param {DatabaseName} name
 * @returns {Promise<{ name: DatabaseName, options: DatabaseOptions, drop(): Promise<void> }>}
 */
export async function createDatabase(name) {
  if (name === 'sqlite-memory')
    return { name, options: { type: 'better-sqlite3', database: ':memory:' }, drop: async () => undefined };
  if (name === 'sqlite') {
    const folder = await mkdtemp(join(tmpdir(), 'audit-bench-'));
    return {
      name,
      options: { type: 'better-sqlite3', database: join(folder, 'bench.sqlite'), enableWAL: true },
      drop: () => rm(folder, { recursive: true, force: true }),
    };
  }
  const database = `audit_bench_${process.pid}_${++made}`;
  await administer(name, `CREATE DATABASE ${database}${name === 'postgres' ? ' TEMPLATE template0' : ''}`);
  const url = new URL(urls[name]);
  url.pathname = `/${database}`;
  if (relays.has(name)) {
    url.hostname = '127.0.0.1';
    url.port = relays.get(name).port;
  }
  const options =
    name === 'postgres'
      ? { type: /** @type {const} */ ('postgres'), url: url.href }
      : {
          type: name,
          host: url.hostname,
          port: Number(url.port || ports[name]),
          username: decodeURIComponent(url.username),
          password: decodeURIComponent(url.password),
          database,
        };
  const force = name === 'postgres' ? ' WITH (FORCE)' : '';
  return { name, options, drop: () => administer(name, `DROP DATABASE IF EXISTS ${database}${force}`) };
}

/** The server's version. @throws Error when it doesn't answer */
export async function versionOf(name) {
  const sql = {
    postgres: "SELECT current_setting('server_version') AS version",
    mariadb: 'SELECT version() AS version',
    mysql: 'SELECT version() AS version',
  }[name];
  if (!sql) return sqliteVersion();
  const [{ version }] = await administer(name, sql);
  return /^[\d.]+/.exec(version)?.[0] ?? version;
}

/** What the table and its indexes take on disk, in bytes. */
export async function bytesOf(dataSource, table) {
  const { type } = dataSource.options;
  if (type === 'postgres')
    return Number((await dataSource.query(`SELECT pg_total_relation_size('${table}') AS bytes`))[0].bytes);
  if (type === 'better-sqlite3') {
    const names = `SELECT name FROM sqlite_master WHERE tbl_name = '${table}'`;
    return Number(
      (await dataSource.query(`SELECT sum(pgsize) AS bytes FROM dbstat WHERE name IN (${names})`))[0].bytes,
    );
  }
  await dataSource.query(`ANALYZE TABLE ${table}`);
  const [{ bytes }] = await dataSource.query(
    'SELECT data_length + index_length AS bytes FROM information_schema.tables ' +
      `WHERE table_schema = database() AND table_name = '${table}'`,
  );
  return Number(bytes);
}

async function administer(name, sql) {
  if (name === 'postgres') {
    const client = new pg.Client({ connectionString: urls.postgres, connectionTimeoutMillis: 3000 });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }
  const connection = await mysql.createConnection({ uri: urls[name], connectTimeout: 3000 });
  try {
    return (await connection.query(sql))[0];
  } finally {
    await connection.end();
  }
}

async function sqliteVersion() {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(':memory:');
  try {
    const row = database.prepare('SELECT sqlite_version() AS version').get();
    return /** @type {{ version: string }} */ (row).version;
  } finally {
    database.close();
  }
}
