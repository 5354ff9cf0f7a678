import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  type INestMicroservice,
  UseGuards,
} from '@nestjs/common';
import {
  type ClientProxy,
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { getDataSourceToken } from '@nestjs/typeorm';
import { AuditAction, AuditEvent, type AuditOptions } from 'nestjs-typeorm-audit';
import { firstValueFrom, from, lastValueFrom } from 'rxjs';
import { type DataSource } from 'typeorm';
import { brokerUrl, describeWithBroker } from '../../support/servers/brokers.js';
import { actorsOf, Guests, guestsApp } from './guests.js';
import { freeTcp, type Message, OnPayload } from './messages.js';

class OnContext implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { token } = context.switchToRpc().getData<Message>();
    context.switchToRpc().getContext<{ user?: object }>().user = { sub: token };
    return true;
  }
}

@Controller()
class GuestsController {
  constructor(private readonly guests: Guests) {}

  @UseGuards(OnPayload)
  @MessagePattern('payload')
  onPayload(@Payload() { name }: Message) {
    return this.guests.make(name);
  }

  @UseGuards(OnContext)
  @MessagePattern('context')
  onContext(@Payload() { name }: Message) {
    return this.guests.make(name);
  }

  @UseGuards(OnPayload)
  @AuditAction('guest.export', { outcome: true })
  @MessagePattern('export')
  export(@Payload() { name }: Message) {
    if (name === 'none') throw new RpcException('none');
    return from([name, name]);
  }

  @MessagePattern('nobody')
  nobody(@Payload() { name }: Message) {
    return this.guests.make(name);
  }
}

let service: INestMicroservice | undefined;
let client: ClientProxy | undefined;
afterEach(async () => {
  await client?.close();
  await service?.close();
});

async function start(transport: MicroserviceOptions, isAudited: boolean, options?: AuditOptions) {
  const module = await Test.createTestingModule({
    ...guestsApp(isAudited, options),
    controllers: [GuestsController],
  }).compile();
  service = module.createNestMicroservice<MicroserviceOptions>({ ...transport, logger: ['error'] });
  await service.listen();
  client = ClientProxyFactory.create(transport as Parameters<typeof ClientProxyFactory.create>[0]);
  return service.get<DataSource>(getDataSourceToken());
}

const send = (pattern: string, message: Message) => firstValueFrom(client!.send<unknown>(pattern, message));

/** Messages at once, so that their contexts could mix. */
async function play() {
  return Promise.all([
    send('payload', { name: 'a', token: 'ann' }).then(() => send('context', { name: 'b', token: 'bob' })),
    send('nobody', { name: 'c', token: 'eve' }),
  ]);
}

const unique = () => `audit-test-${process.pid}-${Math.random().toString(36).slice(2)}`;

const transports = [
  {
    name: 'TCP',
    inBroker: describe,
    options: (): Promise<MicroserviceOptions> => freeTcp(),
  },
  {
    name: 'NATS',
    inBroker: await describeWithBroker('nats'),
    options: async (): Promise<MicroserviceOptions> => ({
      transport: Transport.NATS,
      options: { servers: [brokerUrl('nats')], queue: unique() },
    }),
  },
  {
    name: 'RabbitMQ',
    inBroker: await describeWithBroker('rabbitmq'),
    options: async (): Promise<MicroserviceOptions> => ({
      transport: Transport.RMQ,
      options: {
        urls: [brokerUrl('rabbitmq')],
        queue: unique(),
        queueOptions: { durable: false, autoDelete: true },
      },
    }),
  },
];

for (const { name, inBroker, options } of transports)
  inBroker(`messages over ${name}`, () => {
    it('are recorded under the user whom a guard put on the payload or the context', async () => {
      const dataSource = await start(await options(), true);
      await play();
      expect((await actorsOf(dataSource)).toSorted()).toEqual(['ann', 'bob', null].toSorted());
    });

    it('have the same answers without the library', async () => {
      const answers: unknown[] = [];
      for (const isAudited of [true, false]) {
        await start(await options(), isAudited);
        answers.push([
          await send('payload', { name: 'a', token: 'ann' }),
          await send('nobody', { name: 'b', token: 'eve' }),
        ]);
        await client?.close();
        await service?.close();
      }
      expect(answers[0]).toEqual(answers[1]);
    });

    it('are told apart by where', async () => {
      const dataSource = await start(await options(), true, {
        actor: (_context, { transport, executionContext }) =>
          `${transport} ${executionContext?.switchToRpc().getData<Message>().token}`,
        context: (_context, { executionContext }) => ({ handler: executionContext?.getHandler().name }),
      });
      await send('nobody', { name: 'a', token: 'ann' });
      expect(await actorsOf(dataSource)).toEqual(['rpc ann']);
    });
  });

it('records the outcome of a message whose handler wants it', async () => {
  const dataSource = await start(await freeTcp(), true);
  const message = { name: 'ann', token: 'ann' };
  expect(await lastValueFrom(client!.send<string>('export', message))).toBe('ann');
  await expect(lastValueFrom(client!.send('export', { ...message, name: 'none' }))).rejects.toMatchObject({
    message: 'none',
  });
  expect(await dataSource.getRepository(AuditEvent).find({ order: { id: 'ASC' } })).toMatchObject([
    { action: 'guest.export', outcome: 'success', actor: 'ann' },
    { action: 'guest.export', outcome: 'failure', actor: 'ann', details: { error: 'RpcException' } },
  ]);
});
