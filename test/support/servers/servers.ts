import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import pg from 'pg';

// Jest loads a global set-up without its module mapping, so this file can import packages only, none of ours.

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

/**
 * Finds the databases of this run: those that `DATABASES` names, or SQLite and every server that answers.
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
      const server = await connect(name);
      try {
        await dropLeftovers(name, server);
        labels.push(`${name} ${await versionOf(name, server)}`);
        databases.push(name);
      } finally {
        await server.close();
      }
    } catch (error) {
      silent.push(`${name} at ${serverUrl(name).host} (${reasonOf(error)})`);
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
