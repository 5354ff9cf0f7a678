import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

const run = promisify(execFile);

/** The folder of a PostgreSQL's `initdb` and `pg_ctl`: POSTGRES_BIN, or Debian's newest; undefined if there is none. */
export const postgresBin =
  process.env.POSTGRES_BIN ??
  installed('/usr/lib/postgresql')
    .map((version) => `/usr/lib/postgresql/${version}/bin`)
    .find((folder) => existsSync(join(folder, 'initdb')));

/** A PostgreSQL that one test has to itself, so that it may have settings that others would suffer from. */
export interface OwnPostgres {
  readonly url: string;
  /** All that the server has logged. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** @param settings lines for `postgresql.conf` */
export async function startPostgres(settings: readonly string[]): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-postgres-'));
  const data = join(folder, 'data');
  const logFile = join(folder, 'log');
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  const uid = isRoot ? Number(execFileSync('id', ['-u', 'nobody']).toString()) : undefined;
  if (uid !== undefined) await run('chown', [String(uid), folder]);
  const call = (command: string, ...args: string[]) => run(join(postgresBin!, command), args, { uid });
  const port = await freePort();
  const stop = async (): Promise<void> => {
    await call('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop').catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await call('initdb', '-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '-N');
    const own = [
      `port = ${port}`,
      `listen_addresses = '127.0.0.1'`,
      `unix_socket_directories = ''`,
      'fsync = off',
    ];
    await appendFile(join(data, 'postgresql.conf'), [...own, ...settings, ''].join('\n'));
    await call('pg_ctl', '-D', data, '-l', logFile, '-w', 'start');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    log: () => readFile(logFile, 'utf8'),
    stop,
  };
}

function installed(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : [];
}
