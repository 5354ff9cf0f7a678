import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { type DataSourceOptions } from 'typeorm';
import { connect, type ServerName, serverUrl } from './servers.js';

export type DatabaseName = 'sqlite' | ServerName;

/** An empty database of one test's own. */
export interface TestDatabase {
  readonly name: DatabaseName;
  /** How TypeORM reaches it; entities and the rest are the test's to add. */
  readonly options: DataSourceOptions;
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>;
}

/** The databases that this run uses, as the global set-up found them. */
export function databasesOfThisRun(): DatabaseName[] {
  const names = process.env.AUDIT_TEST_DATABASES;
  if (!names)
    throw new Error('No database was chosen. Run the tests with `npm test`, which probes for them.');
  return names.split(',') as DatabaseName[];
}

/** A `describe.each` over the databases of this run. */
export function describeDatabases(title: string, body: (database: DatabaseName) => void): void {
  describe.each(databasesOfThisRun())(`${title} (%s)`, body);
}

/** Says of a test for databases none of which this run has that it is skipped: jest takes a file without tests for a failure. */
export function skipForWantOfServers(title: string): void {
  describe.skip(title, () => {
    it('needs a database that this run does not have', () => undefined);
  });
}

/**
 * Creates a fresh, empty database and says how to reach it.
 *
 * @param options `file`: SQLite in a file of a temporary folder instead of in memory; `charset`: a server's character set
 * for it other than Unicode
 */
export async function createDatabase(
  database: DatabaseName,
  { file = false, charset }: { file?: boolean; charset?: string } = {},
): Promise<TestDatabase> {
  if (database === 'postgres') return createPostgres(charset);
  if (database !== 'sqlite') return createMysql(database, charset);
  return file ? createSqliteFile() : sqliteInMemory();
}

function sqliteInMemory(): TestDatabase {
  return {
    name: 'sqlite',
    options: { type: 'better-sqlite3', database: ':memory:' },
    drop: () => Promise.resolve(),
  };
}

async function createSqliteFile(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-test-'));
  return {
    name: 'sqlite',
    options: { type: 'better-sqlite3', database: join(folder, 'test.sqlite') },
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function createPostgres(charset?: string): Promise<TestDatabase> {
  const name = uniqueName();
  // template0, because CREATE DATABASE fails while anybody is connected to the template.
  const encoding = charset ? ` ENCODING '${charset}' LC_COLLATE 'C' LC_CTYPE 'C'` : '';
  await administer('postgres', `CREATE DATABASE ${name} TEMPLATE template0${encoding}`);
  const url = serverUrl('postgres');
  url.pathname = `/${name}`;
  return {
    name: 'postgres',
    options: { type: 'postgres', url: url.href },
    drop: () => administer('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function createMysql(server: 'mariadb' | 'mysql', charset = 'utf8mb4'): Promise<TestDatabase> {
  const name = uniqueName();
  await administer(server, `CREATE DATABASE ${name} CHARACTER SET ${charset}`);
  const url = serverUrl(server);
  return {
    name: server,
    options: {
      type: server,
      host: url.hostname,
      port: Number(url.port || 3306),
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: name,
      charset: 'utf8mb4',
    },
    drop: () => administer(server, `DROP DATABASE IF EXISTS ${name}`),
  };
}

async function administer(name: ServerName, sql: string): Promise<void> {
  const server = await connect(name);
  try {
    await server.query(sql);
  } finally {
    await server.close();
  }
}

// The minute it was made in is part of the name, so that a later run can tell what a crashed one left behind.
function uniqueName(): string {
  const minute = Math.floor(Date.now() / 60_000);
  return `audit_test_${minute}_${process.pid}_${randomBytes(4).toString('hex')}`;
}
