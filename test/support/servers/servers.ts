import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { startPostgres } from './own-postgres.js';

// Jest loads a global set-up without its module mapping, so this file can import packages and JavaScript only.

export type ServerName = 'postgres' | 'mariadb' | 'mysql';

/** Where each is by default, and what says where else. */
const servers: Record<ServerName, { variable: string; url: string }> = {
  postgres: { variable: 'POSTGRES_URL', url: 'postgres://postgres@127.0.0.1:5432/postgres' },
  mariadb: { variable: 'MARIADB_URL', url: 'mysql://root@127.0.0.1:3306/' },
  // Beside a MariaDB, which has MySQL's own port.
  mysql: { variable: 'MYSQL_URL', url: 'mysql://root@127.0.0.1:3308/' },
};

const connectTimeoutMs = 3_000;
const leftoverAfterMinutes = 3 * 60;

/** What POSTGRES_URL says to start npm's PostgreSQL, whether or not a server answers at the usual place. */
const EMBEDDED = 'embedded';

/**
 * Finds the databases of this run: those that `DATABASES` names, or SQLite and every server that answers. Where
 * nobody gives it a PostgreSQL, it starts one.
 *
 * @throws Error when one doesn't answer that `DATABASES` names, or any with `CI=true`: there a silently smaller run
 * would be a lie
 */
export default async function globalSetup(): Promise<void> {
  const wanted = wantedDatabases();
  const databases: string[] = wanted.filter((name) => name === 'sqlite');
  const labels: string[] = [...databases];
  const silent: string[] = [];
  for (const name of wanted.filter((database): database is ServerName => database !== 'sqlite')) {
    try {
      labels.push(await findServer(name));
      databases.push(name);
    } catch (error) {
      silent.push(`${name} (${reasonOf(error).replace(/\s+/g, ' ')})`);
    }
  }
  if ((process.env.CI === 'true' || process.env.DATABASES) && silent.length > 0) {
    const variables = Object.values(servers).map(({ variable }) => variable);
    throw new Error(
      `Every database of this run has to answer, but these don't: ${silent.join(', ')}. ` +
        `Start them, or say where they are with ${variables.join(', ')}.`,
    );
  }
  const pgbouncers = databases.includes('postgres') ? await findPgbouncers() : {};
  labels.push(...Object.values(pgbouncers).map((version) => `pgbouncer ${version}`));
  if (databases.includes('postgres') && Object.keys(pgbouncers).length === 0)
    silent.push('pgbouncer (not found; PGBOUNCERS says where)');
  process.env.AUDIT_TEST_PGBOUNCERS = JSON.stringify(pgbouncers);
  process.env.AUDIT_TEST_DATABASES = databases.join(',');
  // Many tests write without the library too, to compare.
  process.env.AUDIT_UNATTACHED ??= 'ignore';
  process.env.AUDIT_TEST_DATABASES_SUMMARY =
    `Databases: ${labels.join(', ')}` + (silent.length > 0 ? `; left out: ${silent.join(', ')}` : '');
}

/** @returns its name and version */
async function findServer(name: ServerName): Promise<string> {
  const isOurs = name === 'postgres' && (await startMissingPostgres());
  try {
    const server = await connect(name);
    try {
      await dropLeftovers(name, server);
      return `${name} ${await versionOf(name, server)}${isOurs ? ' of npm' : ''}`;
    } finally {
      await server.close();
    }
  } catch (error) {
    throw new Error(`at ${serverUrl(name).host}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Starts npm's PostgreSQL for this run if POSTGRES_URL doesn't say where there is one, and none is at the usual place.
 *
 * @returns whether it did
 */
async function startMissingPostgres(): Promise<boolean> {
  const { POSTGRES_URL: given } = process.env;
  if (given === undefined) {
    const isThere = await connect('postgres').then(
      (server) => server.close().then(() => true),
      () => false,
    );
    if (isThere) return false;
  } else if (given !== EMBEDDED) return false;
  // It stops when this process ends.
  process.env.POSTGRES_URL = (await startPostgres()).url;
  return true;
}

function wantedDatabases(): ('sqlite' | ServerName)[] {
  const all = ['sqlite', ...(Object.keys(servers) as ServerName[])] as const;
  const names = process.env.DATABASES?.split(',');
  const unknown = names?.find((name) => !all.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`DATABASES: "${unknown}" is not one of ${all.join(', ')}.`);
  return all.filter((name) => names?.includes(name) ?? true);
}

/**
 * The versions of the PgBouncers of this machine by their commands: those that `PGBOUNCERS` names, separated by commas,
 * or Debian's, if it is there.
 *
 * @throws Error when one doesn't run that `PGBOUNCERS` names
 */
async function findPgbouncers(): Promise<Record<string, string>> {
  const named = process.env.PGBOUNCERS?.split(',').filter(Boolean);
  const found: Record<string, string> = {};
  for (const command of named ?? ['/usr/sbin/pgbouncer']) {
    try {
      const { stdout } = await promisify(execFile)(command, ['--version']);
      found[command] = /[\d.]+/.exec(stdout)![0];
    } catch (error) {
      if (named)
        throw new Error(`PGBOUNCERS names ${command}, which does not run: ${reasonOf(error)}`, {
          cause: error,
        });
    }
  }
  return found;
}

/** A database server as its administrator sees it, for the few statements that the tests need beside TypeORM. */
export interface Server {
  query(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export function serverUrl(name: ServerName): URL {
  const { variable, url } = servers[name];
  return new URL(process.env[variable] ?? url);
}

export function connect(name: ServerName): Promise<Server> {
  return name === 'postgres' ? connectPostgres() : connectMysql(name);
}

async function connectPostgres(): Promise<Server> {
  const client = new pg.Client({
    connectionString: serverUrl('postgres').href,
    connectionTimeoutMillis: connectTimeoutMs,
  });
  await client.connect();
  return {
    query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    close: () => client.end(),
  };
}

async function connectMysql(name: ServerName): Promise<Server> {
  const connection = await mysql.createConnection({
    uri: serverUrl(name).href,
    connectTimeout: connectTimeoutMs,
  });
  return {
    query: async (sql) => {
      const [rows] = await connection.query(sql);
      return rows as Record<string, unknown>[];
    },
    close: () => connection.end(),
  };
}

async function versionOf(name: ServerName, server: Server): Promise<string> {
  const [row] = await server.query(
    name === 'postgres'
      ? `SELECT current_setting('server_version') AS version`
      : 'SELECT version() AS version',
  );
  return /^[\d.]+/.exec(String(row.version))?.[0] ?? String(row.version);
}

async function dropLeftovers(name: ServerName, server: Server): Promise<void> {
  const rows = await server.query(
    name === 'postgres'
      ? `SELECT datname AS name FROM pg_database WHERE datname LIKE 'audit\\_test\\_%'`
      : `SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE 'audit\\_test\\_%'`,
  );
  for (const row of rows) {
    const minute = Number(String(row.name).split('_')[2]);
    if (Date.now() / 60_000 - minute > leftoverAfterMinutes) {
      await server.query(`DROP DATABASE IF EXISTS ${String(row.name)}`);
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
