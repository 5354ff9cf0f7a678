import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  Post,
  Req,
} from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { ClsModule, type ClsModuleOptions, ClsService, ContextClsStoreMap } from 'nestjs-cls';
import { AuditContext, AuditModule, HistoryService } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { Repository } from 'typeorm';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, platforms, sqlite, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Controller('reservations')
class ReservationsController {
  constructor(
    @InjectRepository(Reservation) private readonly reservations: Repository<Reservation>,
    private readonly cls: ClsService,
    private readonly audit: AuditContext,
  ) {}

  @Post()
  async make(@Req() request: { user?: unknown; raw?: object }) {
    request.user = { sub: this.cls.get('user') };
    this.audit.set({ reason: 'a guest called' });
    await this.reservations.save({ party: 2 });
    return {
      hasOneStore: ContextClsStoreMap.getByRaw(request.raw ?? request) === this.cls.get(),
      hasRequest: this.audit.request() === request,
    };
  }
}

@Module({})
class EarlyModule {
  constructor(private readonly audit: AuditContext) {}

  configure(consumer: MiddlewareConsumer) {
    const setEarly = (_request: unknown, _response: unknown, next: () => void) => {
      this.audit.set({ context: { by: 'middleware' } });
      next();
    };
    consumer.apply(setEarly).forRoutes('{*path}');
  }
}

let app: INestApplication;
afterEach(() => app?.close());

const setup = (cls: ClsService) => cls.set('user', 'ann');
const idGenerator = () => 'cls-1';
const mounted = { mount: true, generateId: true, idGenerator, setup };
const mounts: [string, ClsModuleOptions][] = [
  ['as middleware', { middleware: mounted }],
  ['as middleware that keeps no request', { middleware: { ...mounted, saveReq: false } }],
  ['as middleware that uses enterWith', { middleware: { ...mounted, useEnterWith: true } }],
  ['as guard', { guard: mounted }],
  ['as interceptor', { interceptor: mounted }],
];

describe.each(platforms)("an application's own ClsModule on %s", (platform) => {
  describe.each(mounts)('mounted %s', (_mount, options) => {
    it.each(['before', 'after'])('%s AuditModule shares its context', async (order) => {
      const modules = [ClsModule.forRoot({ global: true, ...options }), AuditModule.forRoot()];
      if (order === 'after') modules.reverse();
      app = await startApp(
        {
          imports: [sqlite([Reservation]), TypeOrmModule.forFeature([Reservation]), ...modules, EarlyModule],
          controllers: [ReservationsController],
        },
        { platform },
      );
      const { body } = await request(app.getHttpServer()).post('/reservations').expect(201);
      expect(body).toEqual({ hasOneStore: true, hasRequest: true });
      expect(await app.get(HistoryService).latest(Reservation, 1)).toMatchObject({
        actor: 'ann',
        reason: 'a guest called',
        context: { requestId: 'cls-1', method: 'POST', path: '/reservations', by: 'middleware' },
      });
      await expectInvariants(dataSourceOf(app));
    });
  });
});
