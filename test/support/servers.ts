import mysql from 'mysql2/promise';
import pg from 'pg';

// Jest loads a global set-up without its module mapping, so this file can import packages only, none of ours.

export type ServerName = 'postgres' | 'mariadb';

const connectTimeoutMs = 3_000;
const leftoverAfterMinutes = 3 * 60;

/**
 * Finds the databases of this run: SQLite always, PostgreSQL and MariaDB where they answer.
 *
 * @throws Error when one doesn't answer and `CI=true`: there a silently smaller run would be a lie
 */
export default async function globalSetup(): Promise<void> {
  const databases = ['sqlite'];
  const labels = ['sqlite'];
  const silent: string[] = [];
  for (const name of ['postgres', 'mariadb'] as const) {
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
  if (process.env.CI === 'true' && silent.length > 0) {
    throw new Error(
      `With CI=true every database is tested, but these do not answer: ${silent.join(', ')}. ` +
        'Start them, or say where they are with POSTGRES_URL and MARIADB_URL.',
    );
  }
  process.env.AUDIT_TEST_DATABASES = databases.join(',');
  process.env.AUDIT_TEST_DATABASES_SUMMARY =
    `Databases: ${labels.join(', ')}` + (silent.length > 0 ? `; left out: ${silent.join(', ')}` : '');
}

/** A database server as its administrator sees it, for the few statements that the tests need beside TypeORM. */
export interface Server {
  query(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export function serverUrl(name: ServerName): URL {
  return name === 'postgres'
    ? new URL(process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres')
    : new URL(process.env.MARIADB_URL ?? 'mysql://root@127.0.0.1:3306/');
}

export function connect(name: ServerName): Promise<Server> {
  return name === 'postgres' ? connectPostgres() : connectMariadb();
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

async function connectMariadb(): Promise<Server> {
  const connection = await mysql.createConnection({
    uri: serverUrl('mariadb').href,
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
