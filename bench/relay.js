import { once } from 'node:events';
import { URL } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * Opens a port of this machine through which a server is as far away as a round trip of so many milliseconds. It
 * works in a thread of its own, so that what is measured neither waits for it nor makes it late.
 *
 * @param {{ host: string, port: number, roundTripMs: number }} server
 * @returns {Promise<{ port: number, close(): Promise<number> }>}
 */
export async function openRelay({ host, port, roundTripMs }) {
  const worker = new Worker(new URL('./children/relay.js', import.meta.url), {
    workerData: { host, port, roundTripMs },
  });
  const [opened] = await once(worker, 'message');
  return { port: opened, close: () => worker.terminate() };
}
