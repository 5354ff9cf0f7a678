import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  Module,
  type ModuleMetadata,
  Scope,
} from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import {
  AuditConfigurationError,
  AuditContext,
  Audited,
  AuditModule,
  type EndpointOptions,
  HistoryService,
} from 'nestjs-typeorm-audit';
import { of } from 'rxjs';
import request from 'supertest';
import {
  Column,
  Entity,
  EntitySchema,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { dataSourceOf, platforms, sqlite, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited()
@Entity()
class VariedReservation {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  party!: number;

  @Column({ type: 'varchar', nullable: true })
  name!: string | null;

  @Column({ type: 'varchar', nullable: true, select: false })
  secret!: string | null;

  @Column({ type: 'datetime', nullable: true })
  at!: Date | null;

  @Column({ type: 'blob', nullable: true })
  picture!: Buffer | null;

  @Column({
    type: 'varchar',
    nullable: true,
    transformer: {
      to: (points?: bigint) => points?.toString(),
      from: (text) => (text ? BigInt(text) : null),
    },
  })
  points!: bigint | null;
}

@Audited({ name: 'order-lines' })
@Entity()
class OrderLine {
  @PrimaryColumn()
  code!: string;

  @ManyToOne(() => VariedReservation)
  @JoinColumn({ name: 'reservation_fk' })
  reservation!: VariedReservation;

  @PrimaryColumn({ name: 'reservation_fk' })
  reservationId!: number;

  @Column()
  amount!: number;
}

@Audited()
@Entity()
class Slot {
  @PrimaryColumn({ type: 'datetime' })
  start!: Date;

  @PrimaryColumn({ type: 'blob' })
  room!: Buffer;

  @PrimaryColumn()
  isInside!: boolean;
}

const Note = new EntitySchema<{ slug: string; text: string }>({
  name: 'Note',
  columns: { slug: { type: String, primary: true }, text: { type: String } },
});
Audited()(Note);

const entities = [VariedReservation, OrderLine, Slot, Note];

describe.each(platforms)('the endpoints on %s', (platform) => {
  let app: INestApplication;
  const get = (path: string) => request(app.getHttpServer()).get(path);
  const answer = async (path: string): Promise<any> => (await get(path).expect(200)).body;
  let times: string[];

  beforeAll(async () => {
    app = await startApp(
      { imports: [sqlite(entities), AuditModule.forRoot({ endpoints: { public: true } })] },
      { platform },
    );
    const dataSource = dataSourceOf(app);
    const reservations = dataSource.getRepository(VariedReservation);
    const audit = app.get(AuditContext);
    const first = {
      party: 2,
      name: 'Ann',
      secret: 'hidden',
      at: new Date('2026-11-23T19:00:00Z'),
      picture: Buffer.from('picture'),
      points: 9007199254740993n,
    };
    await audit.run({ actor: 'ann', reason: 'call', context: { ip: '::1' } }, () => reservations.save(first));
    await audit.run({ actor: 'bob' }, () => reservations.save({ id: 1, party: 4, secret: 'changed' }));
    await reservations.delete(1);
    await reservations.save([{ id: 2, party: 1 }]);
    const lines = dataSource.getRepository(OrderLine);
    await lines.save({ code: 'a,b/c d%é', reservationId: 2, amount: 1 });
    await dataSource
      .getRepository(Slot)
      .save({ start: new Date(0), room: Buffer.from('a/b'), isInside: false });
    await dataSource.getRepository(Note).save({ slug: 'a,b', text: 'x' });
    const { items } = await answer('/audit/varied_reservation/1?order=asc');
    times = items.map(({ createdAt }: { createdAt: string }) => createdAt);
  });
  afterAll(async () => {
    await expectInvariants(dataSourceOf(app));
    await app.close();
  });

  it('list the audited entities', async () => {
    expect(await answer('/audit')).toEqual([
      {
        name: 'varied_reservation',
        revisionTable: 'varied_reservation_rev',
        keys: ['id'],
        columns: ['id', 'party', 'name', 'at', 'picture', 'points'],
      },
      {
        name: 'order-lines',
        revisionTable: 'order_line_rev',
        keys: ['code', 'reservationId'],
        columns: ['code', 'reservationId', 'amount'],
      },
      {
        name: 'slot',
        revisionTable: 'slot_rev',
        keys: ['start', 'room', 'isInside'],
        columns: ['start', 'room', 'isInside'],
      },
      { name: 'note', revisionTable: 'note_rev', keys: ['slug'], columns: ['slug', 'text'] },
    ]);
  });

  it('show the timeline of an entity as JSON', async () => {
    const snapshot = {
      id: 1,
      party: 2,
      name: 'Ann',
      at: '2026-11-23T19:00:00.000Z',
      picture: 'cGljdHVyZQ==',
      points: '9007199254740993',
    };
    const change = (property: string, to: unknown) => ({ property, from: null, to });
    const page = await answer('/audit/varied_reservation/1?snapshot=true');
    expect(page).toEqual({
      items: [
        expect.objectContaining({
          version: 3,
          operation: 'delete',
          isDelete: true,
          actor: null,
          snapshot: null,
        }),
        expect.objectContaining({
          version: 2,
          actor: 'bob',
          changes: [{ property: 'party', from: 2, to: 4 }],
        }),
        {
          id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
          entity: 'varied_reservation',
          entityId: 1,
          version: 1,
          createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          operation: 'insert',
          isDelete: false,
          isQuiet: false,
          actor: 'ann',
          reason: 'call',
          transaction: expect.stringMatching(/^[0-9a-f-]{36}$/),
          context: { ip: '::1' },
          snapshot,
          changes: [
            change('party', 2),
            change('name', 'Ann'),
            change('at', snapshot.at),
            change('picture', snapshot.picture),
            change('points', snapshot.points),
          ],
        },
      ],
      nextCursor: null,
    });
  });

  const versions = async (query: string): Promise<number[]> => {
    const { items } = await answer(`/audit/varied_reservation/1?${query}`);
    return items.map(({ version }: { version: number }) => version);
  };

  it('filter and order the timeline', async () => {
    expect(await versions('order=asc')).toEqual([1, 2, 3]);
    expect(await versions('actor=bob')).toEqual([2]);
    expect(await versions('actor=carl')).toEqual([]);
    expect(await versions('property=name')).toEqual([3, 1]);
    expect(await versions('notActor=bob')).toEqual([3, 1]);
    expect(await versions('operation=update')).toEqual([2]);
    expect(await versions('action=none')).toEqual([]);
    expect(await versions('request=none')).toEqual([]);
    expect(await versions('reason=none')).toEqual([]);
    expect(await versions('changedProperty=name&changedTo=')).toEqual([3]);
    const { body } = await get('/audit/varied_reservation/1?changedProperty=secret').expect(400);
    expect(body).toMatchObject({ field: 'changedProperty' });
    expect(body.message).not.toMatch(/are .*secret/);
    expect(await versions(`to=${times[0]}`)).toContain(1);
    expect(await versions('from=2200-01-01')).toEqual([]);
    expect(await versions('from=2020-01-01T00:00%2B02&to=2200-01-01T00:00:00.5Z')).toEqual([3, 2, 1]);
  });

  it('page the timeline', async () => {
    const first = await answer('/audit/varied_reservation/1?limit=2');
    expect(first.items).toMatchObject([{ version: 3 }, { version: 2 }]);
    const second = await answer(
      `/audit/varied_reservation/1?limit=2&cursor=${encodeURIComponent(first.nextCursor)}`,
    );
    expect(second).toMatchObject({ items: [{ version: 1 }], nextCursor: null });
  });

  it('show one version, a difference, and the state at a moment or in a version', async () => {
    expect(await answer('/audit/varied_reservation/1/versions/2')).toMatchObject({
      version: 2,
      actor: 'bob',
    });
    expect(await answer('/audit/varied_reservation/1/diff?from=1&to=2')).toEqual([
      { property: 'party', from: 2, to: 4 },
    ]);
    expect(await answer('/audit/varied_reservation/1/diff?from=2&to=2')).toEqual([]);
    expect(await answer('/audit/varied_reservation/1/as-of?at=2')).toMatchObject({
      id: 1,
      party: 4,
      points: '9007199254740993',
    });
    expect(await answer(`/audit/varied_reservation/2/as-of?at=${new Date().toISOString()}`)).toMatchObject({
      id: 2,
    });
  });

  it.each([
    ['/audit', ''],
    ['/audit/varied_reservation/1', ''],
    ['/audit/varied_reservation/1/versions/1', ''],
    ['/audit/varied_reservation/1/versions/2', ''],
    ['/audit/varied_reservation/1/diff', '?from=1&to=2'],
    ['/audit/varied_reservation/1/as-of', '?at=1'],
  ])('never show a column with select: false: %s', async (path, query) => {
    const { text } = await get(`${path}${query}`).expect(200);
    expect(text).not.toMatch(/secret|hidden|changed/);
    await get(`/audit/varied_reservation/1?property=secret`).expect(400);
  });

  it('take a composite id whose values have commas, slashes and more', async () => {
    const id = `${encodeURIComponent('a,b/c d%é')},2`;
    for (const path of [
      `/audit/order-lines/${id}?snapshot=true`,
      `/audit/order-lines/${id}?order=asc&snapshot=true`,
    ])
      expect(await answer(path)).toMatchObject({ items: [{ version: 1, snapshot: { reservationId: 2 } }] });
    expect(await answer(`/audit/order-lines/${id}/versions/1`)).toMatchObject({ version: 1 });
    expect(await answer(`/audit/order-lines/${id}/diff?from=1&to=1`)).toEqual([]);
    expect(await answer(`/audit/order-lines/${id}/as-of?at=1`)).toMatchObject({ code: 'a,b/c d%é' });
  });

  it('take an id as JSON shows it: dates, bytes and booleans', async () => {
    const room = encodeURIComponent(Buffer.from('a/b').toString('base64'));
    const { items } = await answer(`/audit/slot/1970-01-01T00:00:00.000Z,${room},false?snapshot=true`);
    expect(items).toMatchObject([
      { snapshot: { start: '1970-01-01T00:00:00.000Z', room: 'YS9i', isInside: false } },
    ]);
  });

  it('take the single value of an id with its comma encoded or not', async () => {
    expect(await answer('/audit/note/a%2Cb?snapshot=true')).toMatchObject({
      items: [{ snapshot: { slug: 'a,b' } }],
    });
    expect(await answer('/audit/note/a,b?snapshot=true')).toMatchObject({
      items: [{ snapshot: { slug: 'a,b' } }],
    });
  });

  it.each([
    ['limit', '/audit/varied_reservation/1?limit=0'],
    ['limit', '/audit/varied_reservation/1?limit=201'],
    ['limit', '/audit/varied_reservation/1?limit=1.5'],
    ['limit', '/audit/varied_reservation/1?limit='],
    ['limit', '/audit/varied_reservation/1?limit=1&limit=2'],
    ['order', '/audit/varied_reservation/1?order=up'],
    ['cursor', '/audit/varied_reservation/1?cursor=x'],
    ['cursor', '/audit/varied_reservation/1?cursor='],
    ['from', '/audit/varied_reservation/1?from=yesterday'],
    ['from', '/audit/varied_reservation/1?from=2026-02-30'],
    ['to', '/audit/varied_reservation/1?to=2026-02-01T25:00Z'],
    ['to', '/audit/varied_reservation/1?to=2026-02-01T10:00:00+01:00'],
    ['to', '/audit/varied_reservation/1?to=1'],
    ['actor', '/audit/varied_reservation/1?actor='],
    ['property', '/audit/varied_reservation/1?property=colour'],
    ['property', '/audit/varied_reservation/1?property=secret'],
    ['colour', '/audit/varied_reservation/1?colour=red'],
    ['x', '/audit?x=1'],
    ['at', '/audit/varied_reservation/1/versions/1?at=1'],
    ['version', '/audit/varied_reservation/1/versions/one'],
    ['version', '/audit/varied_reservation/1/versions/0'],
    ['version', '/audit/varied_reservation/1/versions/99999999999'],
    ['from', '/audit/varied_reservation/1/diff?to=1'],
    ['to', '/audit/varied_reservation/1/diff?from=1'],
    ['to', '/audit/varied_reservation/1/diff?from=1&to=x'],
    ['to', '/audit/varied_reservation/1/diff?from=1&to=9'],
    ['at', '/audit/varied_reservation/1/as-of'],
    ['at', '/audit/varied_reservation/1/as-of?at=today'],
    ['id', '/audit/varied_reservation/abc'],
    ['id', '/audit/order-lines/a'],
    ['id', '/audit/order-lines/a,b,1'],
    ['id', '/audit/order-lines/a,b'],
    ['id', '/audit/slot/today,YQ,true'],
    ['id', '/audit/slot/1970-01-01,YQ,yes'],
  ])('name the malformed %s: %s', async (field, path) => {
    const { body } = await get(path).expect(400);
    expect(body).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: expect.stringMatching(new RegExp(`^${field} .{5}`)),
      field,
    });
  });

  it.each([
    ['No audited entity is named "table"', '/audit/table/1'],
    ['No audited entity is named "OrderLine"', '/audit/OrderLine/1/as-of?at=1'],
    ['reservation 9 has no history', '/audit/varied_reservation/9'],
    ['reservation 9 has no history', '/audit/varied_reservation/9?actor=ann'],
    ['reservation 9 has no version 1', '/audit/varied_reservation/9/versions/1'],
    ['reservation 1 has no version 4', '/audit/varied_reservation/1/versions/4'],
    ['reservation 9 has no history', '/audit/varied_reservation/9/diff?from=1&to=2'],
    ['reservation 9 has no history', '/audit/varied_reservation/9/as-of?at=1'],
    [
      'reservation 1 did not exist at 1999-01-01T00:00:00.000Z',
      '/audit/varied_reservation/1/as-of?at=1999-01-01',
    ],
    ['reservation 1 did not exist in version 3', '/audit/varied_reservation/1/as-of?at=3'],
    ['reservation 1 did not exist in version 2026', '/audit/varied_reservation/1/as-of?at=2026'],
    ['order-lines a,9 has no history', '/audit/order-lines/a,9'],
  ])('find nothing: %s', async (message, path) => {
    const { body } = await get(path).expect(404);
    expect(body).toEqual({ statusCode: 404, error: 'Not Found', message: expect.stringContaining(message) });
  });

  it('refuse an id that is not URL-encoded', async () => {
    const { body } = await get('/audit/note/%E0%A4%A').expect(400);
    expect(body).toMatchObject({ statusCode: 400 });
  });

  it('show the feed of all entities, by filters and in pages', async () => {
    const { items, nextCursor } = await answer('/audit/feed?limit=2&snapshot=true');
    expect(items).toMatchObject([
      { entity: 'note', entityId: 'a,b', version: 1, snapshot: { slug: 'a,b' } },
      { entity: 'slot', entityId: { room: 'YS9i', isInside: false } },
    ]);
    const rest = await answer(`/audit/feed?cursor=${nextCursor}`);
    expect(rest).toMatchObject({ items: [{ entity: 'order-lines' }, {}, {}, {}, {}], nextCursor: null });
    const operations = async (query: string): Promise<string[]> =>
      (await answer(`/audit/feed?${query}`)).items.map(({ operation }: { operation: string }) => operation);
    expect(await operations('entity=varied_reservation')).toEqual(['insert', 'delete', 'update', 'insert']);
    expect(await operations('entity=varied_reservation&actor=bob')).toEqual(['update']);
    expect(await operations('operation=delete')).toEqual(['delete']);
    expect(await operations(`entity=varied_reservation&to=${times[0]}`)).toContain('insert');
    expect(await operations('from=2200-01-01')).toEqual([]);
    expect(JSON.stringify(rest)).not.toContain('hidden');
    expect(await operations('entity=varied_reservation&notActor=bob')).toEqual([
      'insert',
      'delete',
      'insert',
    ]);
    expect(await operations('action=none')).toEqual([]);
    expect(await operations('request=none&events=true')).toEqual([]);
    expect(await operations('reason=none')).toEqual([]);
    const changed = 'entity=varied_reservation&changedProperty=party';
    expect(await operations(changed)).toEqual(await operations('entity=varied_reservation&property=party'));
    expect(await operations(`${changed}&changedFrom=&changedTo=100000000`)).toEqual([]);
    expect(await operations(`${changed}&changedTo=`)).toEqual(['delete']);
    for (const [query, field] of [
      ['changedFrom=1', 'changedProperty'],
      ['property=party', 'entities'],
      ['entity=varied_reservation&property=pin', 'property'],
      [`${changed}&changedTo=many`, 'changed'],
      ['events=true&operation=update', 'events'],
    ])
      expect((await get(`/audit/feed?${query}`).expect(400)).body).toMatchObject({ field });
    await get('/audit/feed?entity=unknown').expect(404);
    const { body } = await get('/audit/feed?operation=truncate').expect(400);
    expect(body).toMatchObject({ field: 'operation' });
  });

  it('show a transaction', async () => {
    const { items } = await answer('/audit/feed?actor=bob');
    const [{ transaction }] = items;
    expect(await answer(`/audit/transactions/${transaction}`)).toEqual({ items, nextCursor: null });
    expect(await answer(`/audit/feed?transaction=${transaction}`)).toEqual({ items, nextCursor: null });
    await get('/audit/transactions/00000000-0000-7000-8000-000000000000').expect(404);
    const { body } = await get('/audit/transactions/x').expect(400);
    expect(body).toMatchObject({ field: 'transaction' });
  });

  it('are in the OpenAPI document', () => {
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    expect(Object.keys(document.paths)).toEqual([
      '/audit',
      '/audit/feed',
      '/audit/transactions/{id}',
      '/audit/{entity}/{id}',
      '/audit/{entity}/{id}/versions/{version}',
      '/audit/{entity}/{id}/diff',
      '/audit/{entity}/{id}/as-of',
    ]);
    expect(document.paths['/audit/{entity}/{id}/as-of'].get).toMatchObject({
      operationId: 'AuditController_asOf',
      tags: ['audit'],
      summary: 'The entity as it was at a moment or in a version',
      parameters: [
        { name: 'entity', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'at', in: 'query', required: true, schema: { oneOf: expect.anything() } },
      ],
      responses: {
        200: { content: { 'application/json': { schema: { type: 'object' } } } },
        400: expect.anything(),
        404: expect.anything(),
        503: expect.anything(),
      },
    });
    const timeline = document.paths['/audit/{entity}/{id}'].get!;
    expect(timeline.parameters!.map((parameter) => 'name' in parameter && parameter.name)).toEqual([
      'entity',
      'id',
      'order',
      'actor',
      'notActor',
      'action',
      'request',
      'reason',
      'from',
      'to',
      'operation',
      'property',
      'changedProperty',
      'changedFrom',
      'changedTo',
      'quiet',
      'limit',
      'cursor',
      'snapshot',
    ]);
  });
});

describe('endpoints', () => {
  let app: INestApplication | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  async function start(
    endpoints: EndpointOptions | undefined,
    metadata: ModuleMetadata = {},
    options?: Parameters<typeof startApp>[1],
  ) {
    const imports = [
      sqlite([VariedReservation]),
      AuditModule.forRoot({ endpoints }),
      ...(metadata.imports ?? []),
    ];
    app = await startApp({ ...metadata, imports }, options);
    await dataSourceOf(app).getRepository(VariedReservation).save({ party: 2 });
  }
  const get = (path: string, key?: string) => {
    const get = request(app!.getHttpServer()).get(path);
    return key ? get.set('x-key', key) : get;
  };

  it('are off by default', async () => {
    await start(undefined);
    await get('/audit').expect(404);
  });

  it('are at the path that is given, under the global prefix', async () => {
    await start({ path: 'admin/history', public: true }, {}, { prepare: (it) => it.setGlobalPrefix('api') });
    await get('/audit').expect(404);
    await get('/api/admin/history').expect(200);
    await get('/api/admin/history/varied_reservation/1/as-of?at=1').expect(200);
  });

  @Injectable()
  class Keys {
    readonly valid = ['k'];
  }

  @Injectable()
  class KeyGuard implements CanActivate {
    constructor(private readonly keys: Keys) {}
    canActivate(context: ExecutionContext) {
      const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
      return of(this.keys.valid.includes(headers['x-key']));
    }
  }

  it.each([
    ['a provider of the application', { providers: [Keys, KeyGuard] }],
    ['a provider of a module of its own', { imports: [moduleWith([Keys, KeyGuard])] }],
  ])('are guarded by a class that is %s', async (_title, metadata) => {
    await start({ guards: [KeyGuard] }, metadata);
    await get('/audit').expect(403);
    await get('/audit/varied_reservation/1', 'wrong').expect(403);
    await get('/audit', 'k').expect(200);
    await get('/audit/varied_reservation/1', 'k').expect(200);
  });

  it('are guarded by a class that nobody provides, an instance, and one after the other', async () => {
    const seen: string[] = [];
    class Seen implements CanActivate {
      canActivate() {
        seen.push('class');
        return Promise.resolve(true);
      }
    }
    const never = { canActivate: () => seen.push('instance') === 0 };
    const unreached = { canActivate: () => seen.push('unreached') > 0 };
    await start({ guards: [Seen, never, unreached], public: true });
    await get('/audit').expect(403);
    expect(seen).toEqual(['class', 'instance']);
  });

  it('are guarded by a class that is made for each request', async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class RequestGuard implements CanActivate {
      readonly number = ++made;
      canActivate() {
        return true;
      }
    }
    await start({ guards: [RequestGuard] }, { providers: [RequestGuard] });
    await get('/audit').expect(200);
    await get('/audit').expect(200);
    expect(made).toBe(2);
  });

  it('refuse to start when a guard can not be made', async () => {
    await expect(start({ guards: [KeyGuard] })).rejects.toThrow(/KeyGuard/);
  });

  it('refuse to start with an entity that is named as one of their paths', async () => {
    @Audited({ name: 'transactions' })
    @Entity()
    class Payment {
      @PrimaryGeneratedColumn()
      id!: number;
    }
    const on = { imports: [sqlite([Payment]), AuditModule.forRoot({ endpoints: { public: true } })] };
    await expect(startApp(on)).rejects.toThrow(AuditConfigurationError);
    await expect(startApp(on)).rejects.toThrow(/Payment is audited as "transactions".*@Audited\({ name/);
    app = await startApp({ imports: [sqlite([Payment]), AuditModule.forRoot()] });
  });

  it('refuse to start with two entities of one name, which their history does not mind', async () => {
    @Audited({ name: 'varied_reservation' })
    @Entity()
    class Booking {
      @PrimaryGeneratedColumn()
      id!: number;
    }
    const both = sqlite([VariedReservation, Booking]);
    const shown = startApp({ imports: [both, AuditModule.forRoot({ endpoints: { public: true } })] });
    await expect(shown).rejects.toThrow(
      'VariedReservation and Booking are both audited as "varied_reservation". Give one of them another @Audited({ name }).',
    );
    app = await startApp({ imports: [both, AuditModule.forRoot()] });
    await dataSourceOf(app).getRepository(Booking).save({});
    const history = app.get(HistoryService);
    expect(await history.latest(Booking, 1)).toMatchObject({ version: 1 });
    expect((await history.feed({ entities: [Booking] })).items).toHaveLength(1);
    await expect(history.feed({ entities: ['varied_reservation'] })).rejects.toThrow(
      /^entities .*their classes/,
    );
  });

  it('refuse to start where another data source has its own', async () => {
    const archive = AuditModule.forRoot({
      dataSource: 'archive',
      endpoints: { path: '/audit/', public: true },
    });
    const both = start({ public: true }, { imports: [sqlite([Note], { name: 'archive' }), archive] });
    await expect(both).rejects.toThrow(AuditConfigurationError);
    await expect(both).rejects.toThrow("Two data sources have their endpoints at the path 'audit'");
  });

  it('show each data source at a path of its own', async () => {
    await start(
      { public: true },
      {
        imports: [
          sqlite([Note], { name: 'archive' }),
          AuditModule.forRoot({ dataSource: 'archive', endpoints: { path: 'archive/audit', public: true } }),
        ],
      },
    );
    await dataSourceOf(app!, 'archive').getRepository(Note).save({ slug: 'a', text: 'b' });
    await get('/audit/note/a').expect(404);
    await get('/archive/audit/note/a').expect(200);
    await get('/audit/varied_reservation/1').expect(200);
    const { paths } = SwaggerModule.createDocument(app!, new DocumentBuilder().build());
    const ids = Object.values(paths).map(({ get }) => get!.operationId);
    expect(new Set(ids).size).toBe(14);
  });

  function moduleWith(providers: ModuleMetadata['providers']) {
    @Module({ providers })
    class GuardModule {}
    return GuardModule;
  }
});
