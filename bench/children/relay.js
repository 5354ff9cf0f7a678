// Passes bytes on between drivers and a server, half a round trip late in each direction, in their order.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers';
import { parentPort, workerData } from 'node:worker_threads';

const { host, port, roundTripMs } = workerData;
const delayMs = roundTripMs / 2;

const server = createServer({ noDelay: true, allowHalfOpen: true }, (driver) => {
  const database = connect({ host, port, noDelay: true, allowHalfOpen: true });
  passOn(driver, database);
  passOn(database, driver);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port: opened } = /** @type {import('node:net').AddressInfo} */ (server.address());
parentPort?.postMessage(opened);

function passOn(from, to) {
  // A timer for each would be free to fire out of order, and is late by up to a millisecond.
  const waiting = [];
  const later = (pass) => {
    waiting.push({ due: performance.now() + delayMs, pass });
    if (waiting.length === 1) passDue();
  };
  const passDue = () => {
    while (waiting.length > 0 && waiting[0].due <= performance.now()) waiting.shift().pass();
    if (waiting.length === 0) return;
    const ms = waiting[0].due - performance.now();
    if (ms > 2) setTimeout(passDue, ms - 2);
    else setImmediate(passDue);
  };
  from.on('data', (bytes) => later(() => to.write(bytes)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(() => to.destroy()));
}
