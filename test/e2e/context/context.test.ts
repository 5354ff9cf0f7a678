import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestInterceptor,
  Param,
  Post,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  AuditContext,
  AuditContextError,
  AuditModule,
  HistoryService,
  type Revision,
} from 'nestjs-typeorm-audit';
import { tap } from 'rxjs';
import request from 'supertest';
import { Repository } from 'typeorm';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, type Platform, platforms, sqlite, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

/** Knows the user from a header, later than any middleware. */
@Injectable()
class UserGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: unknown }>();
    await delay(1);
    const user = request.headers['x-user'];
    if (user) request.user = { id: user };
    return true;
  }
}

/** Writes when the handler is done, so still in the same request. */
@Injectable()
class WriteAfterwards implements NestInterceptor {
  constructor(@InjectRepository(Reservation) private readonly reservations: Repository<Reservation>) {}

  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(tap(() => this.reservations.save({ id: 1000, party: 1 })));
  }
}

@Controller('reservations')
@UseGuards(UserGuard)
class ReservationsController {
  constructor(
    @InjectRepository(Reservation) private readonly reservations: Repository<Reservation>,
    private readonly audit: AuditContext,
  ) {}

  @Post()
  async make(@Body() { party, reason, pause = 0 }: { party: number; reason?: string; pause?: number }) {
    if (reason) this.audit.set({ reason });
    await delay(pause);
    return this.reservations.save({ party });
  }

  @Post('last')
  @UseInterceptors(WriteAfterwards)
  setLast(@Body() { reason }: { reason: string }) {
    this.audit.set({ reason, context: { by: 'handler' } });
  }

  @Get('request/:id')
  requestIsTheTransports() {
    const { params } = this.audit.request() as { params?: { id?: string } };
    return { id: params?.id };
  }

  @Get('secret/:id')
  async changeUnseen(@Param('id') id: string) {
    await this.audit.without(() => this.reservations.update(id, { party: 99 }));
  }
}

let app: INestApplication;
afterEach(() => app.close());

async function start(
  audit: ModuleMetadata['imports'] = [AuditModule.forRoot()],
  options: Parameters<typeof startApp>[1] & { providers?: ModuleMetadata['providers'] } = {},
) {
  app = await startApp(
    {
      imports: [sqlite([Reservation]), TypeOrmModule.forFeature([Reservation]), ...audit],
      controllers: [ReservationsController],
      providers: options.providers,
    },
    options,
  );
}

async function newest(id: number): Promise<Pick<Revision, 'actor' | 'reason' | 'context'>> {
  const { actor, reason, context } = (await app.get(HistoryService).latest(Reservation, id))!;
  return { actor, reason, context };
}

function post(path: string, body: object, user?: string) {
  const post = request(app.getHttpServer()).post(path).send(body);
  return (user ? post.set('x-user', user) : post).expect(201);
}

describe.each(platforms)('the context of a request on %s', (platform: Platform) => {
  it('has the user that a guard has found, and the metadata of the request', async () => {
    await start(undefined, { platform });
    await post('/reservations?x=1', { party: 2 }, 'ann').set('x-request-id', 'r-1');
    expect(await newest(1)).toEqual({
      actor: 'ann',
      reason: null,
      context: { requestId: 'r-1', method: 'POST', path: '/reservations' },
    });
    await expectInvariants(dataSourceOf(app));
  });

  it('has nobody as the actor where no guard has found one', async () => {
    await start(undefined, { platform });
    await post('/reservations', { party: 2 });
    expect(await newest(1)).toMatchObject({ actor: null });
    await expectInvariants(dataSourceOf(app));
  });

  it('gives the options the request that guards have seen', async () => {
    const actor = (request: { user: { id: string } }) => Promise.resolve(`${request.user.id}@example.org`);
    const context = (request: { body: { party: number } }) => ({ party: request.body.party });
    await start([AuditModule.forRoot({ actor, context })], { platform });
    await post('/reservations', { party: 2 }, 'ann');
    expect(await newest(1)).toEqual({ actor: 'ann@example.org', reason: null, context: { party: 2 } });
    expect((await request(app.getHttpServer()).get('/reservations/request/7')).body).toEqual({ id: '7' });
    await expectInvariants(dataSourceOf(app));
  });

  it('is not mixed up with that of requests at the same time', async () => {
    await start(undefined, { platform });
    const made = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        const reason = n % 3 ? `reason ${n}` : undefined;
        const body = { party: n, reason, pause: (n * 7) % 20 };
        const response = await post('/reservations', body, `user ${n}`);
        return { id: (response.body as Reservation).id, actor: `user ${n}`, reason: reason ?? null };
      }),
    );
    for (const { id, actor, reason } of made) expect(await newest(id)).toMatchObject({ actor, reason });
    await expectInvariants(dataSourceOf(app));
  });

  it('keeps what the handler has set for the rest of the request, and no longer', async () => {
    await start(undefined, { platform });
    await post('/reservations/last', { reason: 'late' }, 'ann');
    expect(await newest(1000)).toMatchObject({ actor: 'ann', reason: 'late', context: { by: 'handler' } });
    await post('/reservations', { party: 2 }, 'ann');
    expect(await newest(1001)).toMatchObject({ reason: null });
    await expectInvariants(dataSourceOf(app));
  });

  it('is open in the middleware of other modules, under a global prefix too', async () => {
    @Module({ imports: [TypeOrmModule.forFeature([Reservation])] })
    class LogModule {
      constructor(
        @InjectRepository(Reservation) private readonly reservations: Repository<Reservation>,
        private readonly audit: AuditContext,
      ) {}

      configure(consumer: MiddlewareConsumer) {
        const log = async (_request: unknown, _response: unknown, next: () => void) => {
          this.audit.set({ reason: 'seen by middleware' });
          await this.reservations.save({ party: 0 });
          next();
        };
        consumer.apply(log).forRoutes('{*path}');
      }
    }
    const prepare = (it: INestApplication) => it.setGlobalPrefix('api', { exclude: ['reservations/last'] });
    await start([LogModule, AuditModule.forRoot()], { platform, prepare });
    await post('/api/reservations', { party: 2 }, 'ann');
    expect(await newest(1)).toMatchObject({
      reason: 'seen by middleware',
      context: { path: '/api/reservations' },
    });
    expect(await newest(2)).toMatchObject({ actor: 'ann', reason: 'seen by middleware' });
    await post('/reservations/last', { reason: 'late' });
    expect(await newest(1000)).toMatchObject({ reason: 'late', context: { path: '/reservations/last' } });
    await expectInvariants(dataSourceOf(app));
  });

  it('is not that of the code which started the server', async () => {
    const started = new AuditContext();
    await started.run({ reason: 'start', context: { by: 'start' } }, async () => {
      await start(undefined, { platform });
      await post('/reservations', { party: 1, reason: 'first' }, 'ann');
      await post('/reservations', { party: 2 }, 'bob');
      expect(started.state()).toEqual({ recording: true, reason: 'start', context: { by: 'start' } });
      expect(started.request()).toBeUndefined();
    });
    expect(await newest(1)).toMatchObject({ actor: 'ann', reason: 'first' });
    expect((await newest(2)).reason).not.toBe('first');
    await expectInvariants(dataSourceOf(app));
  });
});

describe('AuditContext', () => {
  const audit = () => app.get(AuditContext);
  const reservations = () => dataSourceOf(app).getRepository(Reservation);
  const save = (party: number) => reservations().save({ id: 1, party });

  it('says who writes and why where there is no request', async () => {
    await start();
    await audit().run({ actor: 'import', reason: 'price list', context: { file: 'a.csv' } }, () => save(2));
    expect(await newest(1)).toEqual({ actor: 'import', reason: 'price list', context: { file: 'a.csv' } });
    await save(3);
    expect(await newest(1)).toEqual({ actor: null, reason: null, context: null });
    await expectInvariants(dataSourceOf(app));
  });

  it('adds what an inner run says to what the outer one did, until it ends', async () => {
    await start();
    await audit().run({ actor: 'import', context: { file: 'a.csv', row: 1 } }, async () => {
      await audit().run({ reason: 'inner', context: { row: 2 } }, () => save(1));
      expect(await newest(1)).toEqual({
        actor: 'import',
        reason: 'inner',
        context: { file: 'a.csv', row: 2 },
      });
      await audit().run({ actor: null }, () => save(2));
      expect(await newest(1)).toMatchObject({ actor: null, reason: null });
      await save(3);
      expect(await newest(1)).toEqual({
        actor: 'import',
        reason: null,
        context: { file: 'a.csv', row: 1 },
      });
    });
    await expectInvariants(dataSourceOf(app));
  });

  it('is as before after an exception', async () => {
    await start();
    await audit().run({ actor: 'outer' }, async () => {
      const fail = () => {
        audit().set({ reason: 'inner' });
        throw new Error('fail');
      };
      expect(() => audit().run({ actor: 'inner' }, fail)).toThrow('fail');
      await expect(audit().run({ actor: 'inner' }, async () => fail())).rejects.toThrow('fail');
      expect(() => audit().without(fail)).toThrow('fail');
      await save(1);
    });
    expect(await newest(1)).toEqual({ actor: 'outer', reason: null, context: null });
    expect(audit().state()).toBeUndefined();
    await expectInvariants(dataSourceOf(app));
  });

  it('writes no history inside without(), a run in it included', async () => {
    await start();
    await save(1);
    await audit().without(() => audit().run({ actor: 'import' }, () => save(2)));
    const { items } = await app.get(HistoryService).timeline(Reservation, 1);
    expect(items).toHaveLength(1);
    await request(app.getHttpServer()).get('/reservations/secret/1').expect(200);
    expect((await app.get(HistoryService).timeline(Reservation, 1)).items).toHaveLength(1);
  });

  it('can only be set where one is open, and only to what can be stored', async () => {
    await start();
    expect(() => audit().set({ actor: 'ann' })).toThrow('Use run() around the writes');
    await audit().run({ actor: 'ann' }, async () => {
      expect(() => audit().set({ actor: 'a'.repeat(256) })).toThrow('at most 255 characters, got 256');
      await save(1);
    });
    expect(await newest(1)).toMatchObject({ actor: 'ann' });
  });

  it('rejects a run() with what can not be stored, and does not call the function', async () => {
    await start();
    const refused: unknown[] = [];
    const refusals = [
      audit().run({ actor: 'a'.repeat(256) }, () => save(1)),
      audit().run({ reason: 5 as never }, async () => save(1)),
      audit().run({ actor: 'ann' }, () => audit().run({ actor: 5 as never }, () => save(1))),
    ];
    for (const refusal of refusals) await refusal.catch((error: unknown) => refused.push(error));
    expect(refused).toEqual([
      expect.objectContaining({ message: expect.stringContaining('at most 255 characters, got 256') }),
      new AuditContextError('The reason of a write must be a string or null, got number.'),
      new AuditContextError('The actor of a write must be a string or null, got number.'),
    ]);
    expect(await dataSourceOf(app).getRepository(Reservation).count()).toBe(0);
  });
});

describe('requireActor', () => {
  it('refuses a write without an actor, and stores nothing of it', async () => {
    await start([AuditModule.forRoot({ requireActor: true })]);
    const made = request(app.getHttpServer()).post('/reservations').send({ party: 2 });
    await made.expect(500);
    expect(await dataSourceOf(app).getRepository(Reservation).count()).toBe(0);
    await post('/reservations', { party: 2 }, 'ann');
    await app
      .get(AuditContext)
      .run({ actor: 'job' }, () => dataSourceOf(app).getRepository(Reservation).save({ party: 3 }));
    expect(await dataSourceOf(app).getRepository(Reservation).count()).toBe(2);
    await expectInvariants(dataSourceOf(app));
  });
});
