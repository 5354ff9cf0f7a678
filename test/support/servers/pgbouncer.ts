import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { serverUrl } from './servers.js';
import { freePort } from './free-port.js';

/** A PgBouncer of this machine. */
export interface PgBouncer {
  readonly command: string;
  readonly version: string;
  /** Whether it can pass named statements on. */
  readonly passesStatements: boolean;
}

/** The PgBouncers that this run uses, as the global set-up found them. */
export function pgbouncersOfThisRun(): PgBouncer[] {
  const found = JSON.parse(process.env.AUDIT_TEST_PGBOUNCERS ?? '{}') as Record<string, string>;
  return Object.entries(found).map(([command, version]) => {
    const [major, minor] = version.split('.').map(Number);
    return { command, version, passesStatements: major > 1 || minor >= 21 };
  });
}

/** A PgBouncer in transaction mode before the PostgreSQL of this run. */
export interface Pooler {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param size how many connections of the server it shares among its clients */
export async function startPooler({ command, passesStatements }: PgBouncer, size: number): Promise<Pooler> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-pgbouncer-'));
  const { hostname, port: serverPort, username, password } = serverUrl('postgres');
  const port = await freePort();
  const secret = password ? ` password=${decodeURIComponent(password)}` : '';
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(
    file,
    [
      '[databases]',
      `* = host=${hostname} port=${serverPort || 5432} user=${decodeURIComponent(username)}${secret}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      `default_pool_size = ${size}`,
      // In turn, so that a client meets many connections.
      'server_round_robin = 1',
      ...(passesStatements ? ['max_prepared_statements = 100'] : []),
    ].join('\n'),
    { mode: 0o644 },
  );
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  const nobody = isRoot ? Number((await promisify(execFile)('id', ['-u', 'nobody'])).stdout) : undefined;
  if (isRoot) await promisify(execFile)('chmod', ['755', folder]);
  const child = spawn(command, [file], { uid: nobody, stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answered(child, port);
    return { port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answered(child: ChildProcess, port: number): Promise<void> {
  let log = '';
  child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()));
  for (let tries = 0; tries < 100; tries++) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    try {
      await client.connect();
      await client.query('SELECT 1');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  throw new Error(`PgBouncer does not answer on port ${port}:\n${log}`);
}
