// @ts-check
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath, URL } from 'node:url';

/**
 * A PostgreSQL that this process has started, and that stops with it at the latest. `log()` gives all that it has
 * logged.
 *
 * @typedef {{ readonly url: string, log(): Promise<string>, stop(): Promise<void> }} OwnPostgres
 */

/**
 * Starts npm's PostgreSQL.
 *
 * @param {readonly string[]} settings lines for `postgresql.conf`
 * @returns {Promise<OwnPostgres>}
 */
export async function startPostgres(settings = []) {
  const program = fileURLToPath(new URL('run-postgres.js', import.meta.url));
  // Detached: Ctrl+C is for this process, with which the other ends by itself.
  const child = spawn(process.execPath, [program, ...settings], { detached: true, windowsHide: true });
  const { stdin, stdout, stderr } = child;
  const errors = text(stderr);
  const [printed] = await Promise.race([once(stdout, 'data'), once(child, 'close')]);
  if (!Buffer.isBuffer(printed))
    throw new Error(`npm's PostgreSQL does not start here: ${(await errors).trim()}`);
  const { url, logFile } = JSON.parse(printed.toString());
  // This process may end before it.
  for (const each of [child, stdin, stdout, stderr])
    /** @type {{ unref(): void }} */ (/** @type {unknown} */ (each)).unref();
  return {
    url,
    log: () => readFile(logFile, 'utf8'),
    stop: async () => {
      stdin.end();
      await once(child, 'exit');
    },
  };
}
