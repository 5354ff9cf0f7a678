import { afterEach, expect, it } from '@jest/globals';
import { type CanActivate, type ExecutionContext, type INestApplication, UseGuards } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io, type Socket } from 'socket.io-client';
import { dataSourceOf, startApp } from '../../support/http/app.js';
import { actorsOf, Guests, guestsApp } from './guests.js';

interface Client {
  handshake: { auth: { token: string } };
  data: { user?: object };
  user?: object;
}

class OnClient implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Client>();
    client.user = { id: client.handshake.auth.token };
    return true;
  }
}

class OnClientData implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Client>();
    client.data.user = { sub: client.handshake.auth.token };
    return true;
  }
}

@WebSocketGateway()
class GuestsGateway {
  constructor(private readonly guests: Guests) {}

  @UseGuards(OnClient)
  @SubscribeMessage('client')
  onClient(@MessageBody() { name }: { name: string }) {
    return this.guests.make(name);
  }

  @UseGuards(OnClientData)
  @SubscribeMessage('data')
  onData(@MessageBody() { name }: { name: string }) {
    return this.guests.make(name);
  }

  @SubscribeMessage('nobody')
  nobody(@MessageBody() { name }: { name: string }) {
    return this.guests.make(name);
  }
}

let app: INestApplication | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await app?.close();
});

async function start(isAudited: boolean) {
  const { imports, providers } = guestsApp(isAudited);
  app = await startApp({ imports, providers: [...providers, GuestsGateway] });
}

async function socketOf(token: string): Promise<Socket> {
  const socket = io(await app!.getUrl(), { auth: { token }, transports: ['websocket'] });
  sockets.push(socket);
  await new Promise<void>((resolve, reject) => {
    socket.on('connect', resolve).on('connect_error', reject);
  });
  return socket;
}

it('records the user whom a guard put on the client or its data, and never one that a browser sent', async () => {
  await start(true);
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map(socketOf));
  await ann.emitWithAck('client', { name: 'a' });
  await bob.emitWithAck('data', { name: 'b' });
  await eve.emitWithAck('nobody', { name: 'c', user: { id: 'ann' } });
  expect(await actorsOf(dataSourceOf(app!))).toEqual(['ann', 'bob', null]);
});

it('answers the same without the library', async () => {
  const answers: unknown[] = [];
  for (const isAudited of [true, false]) {
    await start(isAudited);
    const ann = await socketOf('ann');
    answers.push([
      await ann.emitWithAck('client', { name: 'a' }),
      await ann.emitWithAck('nobody', { name: 'b' }),
    ]);
    ann.close();
    await app!.close();
  }
  expect(answers[0]).toEqual(answers[1]);
});
