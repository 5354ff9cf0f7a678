import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  type ExecutionContext,
  type INestApplication,
  Param,
  Post,
  UseGuards,
} from '@nestjs/common';
import {
  type ClientProxy,
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { getDataSourceToken } from '@nestjs/typeorm';
import { type AuditModuleOptions } from 'nestjs-typeorm-audit';
import { firstValueFrom } from 'rxjs';
import request from 'supertest';
import { type DataSource } from 'typeorm';
import { actorsOf, Guests, guestsApp } from './guests.js';
import { freeTcp, type Message, OnPayload } from './messages.js';

/** Of both: the user is who has the token. */
class UserGuard extends OnPayload {
  override canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return super.canActivate(context);
    const http = context.switchToHttp().getRequest<{ headers: { authorization?: string }; user?: object }>();
    http.user = { id: http.headers.authorization };
    return true;
  }
}

@Controller()
@UseGuards(UserGuard)
class GuestsController {
  constructor(private readonly guests: Guests) {}

  @Post('guests/:name')
  post(@Param('name') name: string) {
    return this.guests.make(name);
  }

  @MessagePattern('make')
  make(@Payload() { name }: Message) {
    return this.guests.make(name);
  }
}

let app: INestApplication | undefined;
let client: ClientProxy | undefined;
afterEach(async () => {
  await client?.close();
  await app?.close();
});

async function start(
  inheritAppConfig: boolean | undefined,
  options: AuditModuleOptions = {},
): Promise<DataSource> {
  const module = await Test.createTestingModule({
    ...guestsApp(true, options),
    controllers: [GuestsController],
  }).compile();
  app = module.createNestApplication({ logger: false });
  const tcp = await freeTcp();
  app.connectMicroservice<MicroserviceOptions>(tcp, { inheritAppConfig });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  client = ClientProxyFactory.create(tcp);
  return app.get<DataSource>(getDataSourceToken());
}

const send = (name: string, token: string) => firstValueFrom(client!.send<unknown>('make', { name, token }));
const post = (name: string, token: string) =>
  request(app!.getHttpServer()).post(`/guests/${name}`).set('authorization', token).expect(201);

describe('a hybrid application, of HTTP and a microservice', () => {
  it('has the user of each request and message as its actor with inheritAppConfig', async () => {
    const dataSource = await start(true);
    await Promise.all([post('a', 'ann'), send('b', 'bob'), post('c', 'cy'), send('d', 'dan')]);
    expect((await actorsOf(dataSource)).toSorted()).toEqual(['ann', 'bob', 'cy', 'dan']);
  });

  it.each([false, undefined])(
    'has no actor of a message with inheritAppConfig: %s, and that of HTTP all the same',
    async (inheritAppConfig) => {
      const dataSource = await start(inheritAppConfig);
      await post('a', 'ann');
      await send('b', 'bob');
      await post('c', 'cy');
      expect(await actorsOf(dataSource)).toEqual(['ann', null, 'cy']);
    },
  );

  it('has the defaultActor of a message without inheritAppConfig, where there is one', async () => {
    const dataSource = await start(false, { defaultActor: 'system' });
    await send('a', 'ann');
    await post('b', 'bob');
    expect(await actorsOf(dataSource)).toEqual(['system', 'bob']);
  });

  it('refuses a message without inheritAppConfig where an actor is required, and says so', async () => {
    const dataSource = await start(false, { requireActor: true });
    await post('a', 'ann');
    await expect(send('b', 'bob')).rejects.toMatchObject({ status: 'error' });
    expect(await actorsOf(dataSource)).toEqual(['ann']);
  });
});
