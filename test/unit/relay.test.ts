import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

interface Relay {
  readonly port: number;
  close(): Promise<unknown>;
}

// The benchmark is JavaScript.
const file: string = '../../bench/relay.js';
const { openRelay } = (await import(file)) as {
  openRelay: (to: { host: string; port: number; roundTripMs: number }) => Promise<Relay>;
};
const ROUND_TRIP_MS = 20;

describe('the relay of the benchmark', () => {
  let server: Server;
  let relay: Relay;
  let socket: Socket;
  beforeEach(async () => {
    server = createServer((client) => client.pipe(client)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    relay = await openRelay({ host: '127.0.0.1', port, roundTripMs: ROUND_TRIP_MS });
    socket = connect({ host: '127.0.0.1', port: relay.port, noDelay: true });
    await once(socket, 'connect');
  });
  afterEach(async () => {
    socket.destroy();
    await relay.close();
    server.close();
  });

  it('makes an answer take as long as the round trip', async () => {
    const started = performance.now();
    socket.write('?');
    await once(socket, 'data');
    expect(performance.now() - started).toBeGreaterThanOrEqual(ROUND_TRIP_MS);
  });

  it('keeps the order, and ends after what was sent last', async () => {
    const sent = Array.from({ length: 2_000 }, (_, n) => `${n};`);
    let received = '';
    socket.on('data', (bytes: Buffer) => (received += bytes.toString()));
    for (const [n, text] of sent.entries()) {
      socket.write(text);
      if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    socket.end();
    await once(socket, 'close');
    expect(received).toBe(sent.join(''));
  });
});
