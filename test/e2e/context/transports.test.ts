import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type INestApplication, Injectable, type ModuleMetadata } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { CLS_CTX, CLS_REQ, ClsModule, ClsServiceManager } from 'nestjs-cls';
import { AuditContext, AuditModule, HistoryService } from 'nestjs-typeorm-audit';
import { Repository } from 'typeorm';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Injectable()
class Reservations {
  constructor(
    @InjectRepository(Reservation) private readonly repository: Repository<Reservation>,
    private readonly audit: AuditContext,
  ) {}

  async make(): Promise<{ id: number; request: unknown }> {
    const given = this.audit.state()?.reason;
    this.audit.set({ reason: given ? `after ${given}` : 'first' });
    await delay(5);
    const { id } = await this.repository.save({ party: 2 });
    return { id, request: this.audit.request() };
  }
}

let app: INestApplication;
afterEach(() => app.close());

async function start(imports: NonNullable<ModuleMetadata['imports']>) {
  app = await startApp({
    imports: [
      sqlite([Reservation]),
      TypeOrmModule.forFeature([Reservation]),
      AuditModule.forRoot(),
      ...imports,
    ],
    providers: [Reservations],
  });
}

/** Calls the handler as GraphQL, microservices and gateways do: with the global interceptors and without middleware. */
function handler(transport: string): (...args: unknown[]) => Promise<{ id: number; request: unknown }> {
  const reservations = app.get(Reservations);
  const options = { guards: true, interceptors: true, filters: false };
  const create = app.get(ExternalContextCreator);
  return create.create(
    reservations,

    reservations.make,
    'make',
    undefined,
    undefined,
    undefined,
    undefined,
    options,
    transport,
  );
}

const latest = (id: number) => app.get(HistoryService).latest(Reservation, id);

describe.each([
  ['without ClsModule', []],
  // Its interceptor comes later than ours, and has to find the context that ours has opened.
  ['with ClsModule', [ClsModule.forRoot({ interceptor: { mount: true } })]],
])('a handler without middleware, %s', (_title, imports) => {
  beforeEach(() => start(imports));

  it.each([
    ['graphql', (request: object) => [{}, {}, { req: request }, {}]],
    ['rpc', (request: object) => [{ party: 2 }, request]],
    ['ws', (request: object) => [request, { party: 2 }]],
    ['bot', (request: object) => [request]],
  ])('has a context of its own in %s', async (transport, args) => {
    const make = handler(transport);
    const requests = [{ user: { id: 1 } }, { user: { sub: 'bob' } }];
    const made = await Promise.all(requests.map((request) => make(...args(request))));
    expect(made).toEqual([
      { id: 1, request: requests[0] },
      { id: 2, request: requests[1] },
    ]);
    expect(await latest(1)).toMatchObject({ actor: '1', reason: 'first', context: null });
    expect(await latest(2)).toMatchObject({ actor: 'bob', reason: 'first', context: null });
    await expectInvariants(dataSourceOf(app));
  });

  it('shares it with the other resolvers of a GraphQL request', async () => {
    const make = handler('graphql');
    const context = { req: { user: { id: 'ann' } } };
    const first = await make({}, {}, context, {});
    const second = await make({}, {}, context, {});
    expect(await latest(first.id)).toMatchObject({ actor: 'ann', reason: 'first' });
    expect(await latest(second.id)).toMatchObject({ actor: 'ann', reason: 'after first' });
    await expectInvariants(dataSourceOf(app));
  });

  it('is left alone by the context that the server was started in', async () => {
    const make = handler('rpc');
    const audit = app.get(AuditContext);
    await audit.run({ reason: 'start' }, async () => {
      await Promise.all([make({}, { user: { id: 'ann' } }), make({}, { user: { id: 'bob' } })]);
      expect(audit.state()).toEqual({ recording: true, reason: 'start' });
    });
    expect(await latest(1)).toMatchObject({ actor: 'ann', reason: 'after start' });
    expect(await latest(2)).toMatchObject({ actor: 'bob', reason: 'after start' });
    await expectInvariants(dataSourceOf(app));
  });
});

it('has a context where the transport has none', async () => {
  await start([]);
  expect(await handler('rpc')({ party: 2 })).toEqual({ id: 1, request: undefined });
  expect(await latest(1)).toMatchObject({ actor: null, reason: 'first' });
  await expectInvariants(dataSourceOf(app));
});

describe('AuditContext.request()', () => {
  beforeEach(() => start([]));
  const cls = ClsServiceManager.getClsService();
  const raw = { url: '/' };

  it('is what nestjs-cls remembers where no interceptor of ours has run', () => {
    const audit = new AuditContext();
    expect(audit.request()).toBeUndefined();
    cls.run(() => {
      expect(audit.request()).toBeUndefined();
      cls.set(CLS_REQ, raw);
      expect(audit.request()).toBe(raw);
      const request = { raw, user: { id: 1 } };
      cls.set(CLS_CTX, new ExecutionContextHost([request]));
      expect(audit.request()).toBe(request);
    });
  });
});
