import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  Post,
  UseGuards,
} from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  AuditAction,
  AuditContext,
  AuditLog,
  AuditModule,
  type AuditModuleOptions,
} from 'nestjs-typeorm-audit';
import request from 'supertest';
import { Repository } from 'typeorm';
import { AuditEvent } from '../../../src/revision/audit-event.js';
import { Changeset } from '../../../src/revision/changeset.js';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, platforms, sqlite, startApp } from '../../support/http/app.js';

@Injectable()
class UserGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: unknown }>();
    const user = request.headers['x-user'];
    if (user) request.user = JSON.parse(user);
    return true;
  }
}

@AuditAction('reservation')
@Controller('reservations')
@UseGuards(UserGuard)
class ReservationsController {
  constructor(
    @InjectRepository(Reservation) private readonly reservations: Repository<Reservation>,
    private readonly audit: AuditContext,
    private readonly log: AuditLog,
  ) {}

  @Post('plain')
  plain() {
    return this.reservations.save({ party: 1 });
  }

  @Post('named')
  @AuditAction('reservation.make')
  named() {
    return this.reservations.save({ party: 1 });
  }

  @Post('set')
  @AuditAction('reservation.make')
  set() {
    this.audit.set({ action: 'reservation.set', onBehalf: 'cid' });
    return this.reservations.save({ party: 1 });
  }

  @Post('event')
  async event() {
    await this.log.record({ action: 'export' });
  }
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe.each(platforms)('the changeset of a request on %s', (platform) => {
  let app: INestApplication;
  afterEach(() => app.close());

  async function post(path: string, headers: Record<string, string>, options: AuditModuleOptions = {}) {
    app = await startApp(
      {
        imports: [
          sqlite([Reservation]),
          TypeOrmModule.forFeature([Reservation]),
          AuditModule.forRoot(options),
        ],
        controllers: [ReservationsController],
        providers: [],
      },
      { platform },
    );
    await request(app.getHttpServer()).post(`/reservations/${path}`).set(headers).expect(201);
    const [changeset] = await dataSourceOf(app).getRepository(Changeset).find();
    return changeset;
  }

  it('has the action of the handler, else of its class', async () => {
    expect(await post('named', {})).toMatchObject({ action: 'reservation.make', request: null });
  });

  it('has the action of the class', async () => {
    expect(await post('plain', {})).toMatchObject({ action: 'reservation', actor: null, onBehalf: null });
  });

  it('has what the handler has set before all else', async () => {
    expect(await post('set', { 'x-user': '{"id":1,"impersonatedBy":"bea"}' })).toMatchObject({
      actor: '1',
      action: 'reservation.set',
      onBehalf: 'cid',
    });
  });

  it('has the trace id, and the other user', async () => {
    const headers = {
      traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
      'x-request-id': 'r-1',
      'x-user': '{"sub":"ann","act":{"sub":7}}',
    };
    expect(await post('plain', headers)).toMatchObject({ actor: 'ann', onBehalf: '7', request: TRACE });
  });

  it.each([
    ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', 'r-1', 'r-1'],
    ['nonsense', 'two words', null],
  ])('takes no trace id from %s, and as the request id %s', async (traceparent, id, expected) => {
    expect(await post('plain', { traceparent, 'x-request-id': id })).toMatchObject({ request: expected });
  });

  it('has what the options say', async () => {
    const changeset = await post(
      'plain',
      { 'x-for': 'dan' },
      { onBehalf: ({ headers }) => headers['x-for'], requestId: () => Promise.resolve(42) },
    );
    expect(changeset).toMatchObject({ onBehalf: 'dan', request: '42' });
  });

  it('is no other than that of an event', async () => {
    await post('event', { 'x-request-id': 'r-2', 'x-user': '{"id":"ann"}' });
    expect(await dataSourceOf(app).getRepository(AuditEvent).find()).toMatchObject([
      { action: 'export', actor: 'ann', request: 'r-2' },
    ]);
  });
});
