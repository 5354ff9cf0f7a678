import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  type INestApplication,
  Logger,
  ParseIntPipe,
  Query,
  UseGuards,
} from '@nestjs/common';
import {
  AuditAction,
  AuditConfigurationError,
  AuditContext,
  AuditEvent,
  AuditModule,
} from 'nestjs-typeorm-audit';
import { Observable, of, throwError } from 'rxjs';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { Outcomes } from '../../../src/context/outcomes.js';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, platforms, sqlite, startApp } from '../../support/http/app.js';

class UserGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const incoming = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    incoming.user = { id: incoming.headers['x-user'] };
    return incoming.headers['x-user'] !== 'mallory';
  }
}

@Controller('exports')
@UseGuards(UserGuard)
class ExportsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditContext,
  ) {}

  @Get('file')
  @AuditAction('export.file', { outcome: true })
  file(@Query('n', new ParseIntPipe({ optional: true })) n?: number) {
    this.audit.set({ onBehalf: 'bea' });
    return { n };
  }

  @Get('forbidden')
  @AuditAction('export.forbidden', { outcome: true })
  async forbidden() {
    await this.dataSource.transaction(async (manager) => {
      await manager.save(Reservation, { party: 1 });
      throw new ForbiddenException('secret');
    });
  }

  @Get('broken')
  @AuditAction('export.broken', { outcome: true })
  broken() {
    throw new TypeError('secret');
  }

  @Get('plain')
  @AuditAction('export.plain')
  plain() {
    return {};
  }

  @Get('elsewhere')
  @AuditAction('export.elsewhere', { outcome: true, dataSource: 'archive' })
  elsewhere() {
    return {};
  }
}
Reflect.defineMetadata('design:paramtypes', [DataSource, AuditContext], ExportsController);

describe.each(platforms)('@AuditAction(name, { outcome: true }) on %s', (platform) => {
  let app: INestApplication;
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const get = async (path: string, user = 'ann') => {
    const { status } = await request(app.getHttpServer()).get(`/exports/${path}`).set('x-user', user);
    return status;
  };
  const start = async () => {
    app = await startApp(
      { imports: [sqlite([Reservation]), AuditModule.forRoot()], controllers: [ExportsController] },
      { platform },
    );
  };
  const events = () =>
    dataSourceOf(app)
      .getRepository(AuditEvent)
      .find({ order: { id: 'ASC' } });

  it('records how each call ends, also if everything is rolled back', async () => {
    await start();
    expect(await get('file?n=7')).toBe(200);
    expect(await get('forbidden')).toBe(403);
    expect(await get('broken')).toBe(500);
    expect(await get('file?n=x')).toBe(400);
    expect(await get('plain')).toBe(200);
    expect(await get('file', 'mallory')).toBe(403);
    expect(await events()).toMatchObject([
      { action: 'export.file', outcome: 'success', actor: 'ann', onBehalf: 'bea', details: null },
      {
        action: 'export.forbidden',
        outcome: 'denied',
        details: { error: 'ForbiddenException', status: 403 },
      },
      { action: 'export.broken', outcome: 'failure', details: { error: 'TypeError' } },
      { action: 'export.file', outcome: 'failure', details: { error: 'BadRequestException', status: 400 } },
    ]);
    expect(await dataSourceOf(app).getRepository(Reservation).count()).toBe(0);
  });

  it('lets a success fail whose event can not be written, and logs it for a failure', async () => {
    await start();
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await dataSourceOf(app).query('DROP TABLE audit_event');
    expect(await get('file')).toBe(500);
    expect(await get('forbidden')).toBe(403);
    expect(logged).toHaveBeenCalledWith(
      'The outcome "denied" of export.forbidden could not be recorded.',
      expect.anything(),
    );
  });

  it('fails where its data source is not audited', async () => {
    await start();
    expect(await get('elsewhere')).toBe(500);
    expect(await events()).toEqual([]);
  });
});

describe('the outcome of a stream', () => {
  const recorded: string[] = [];
  const outcomes = new Outcomes();
  outcomes.add(undefined, async ({ outcome }) => void recorded.push(outcome));
  const run = (call: Observable<unknown>) => outcomes.recorded({ name: 'stream' }, () => call);

  afterEach(() => void (recorded.length = 0));

  it('is recorded once, at its end', async () => {
    const values: unknown[] = [];
    await run(of(1, 2)).forEach((value) => void values.push(value));
    await expect(run(throwError(() => new Error('no'))).forEach(() => undefined)).rejects.toThrow('no');
    expect([values, recorded]).toEqual([
      [1, 2],
      ['success', 'failure'],
    ]);
  });

  it('is cancelled where its reader leaves', () => {
    run(new Observable((subscriber) => subscriber.next(1)))
      .subscribe()
      .unsubscribe();
    expect(recorded).toEqual(['cancelled']);
  });
});

it.each([
  ['export', { outcome: 'success' }, "@AuditAction(name, { outcome }) must be true or false, got 'success'."],
  [
    'export',
    { dataSource: 7 },
    '@AuditAction(name, { dataSource }) must be the name of a data source, got 7.',
  ],
  [
    'export',
    { outcomes: true },
    '@AuditAction(name, { outcomes }) is unknown. Known are outcome, dataSource.',
  ],
  [' ', {}, "The name in @AuditAction(name) must be a string of 1 to 255 characters, got ' '."],
  [undefined, {}, 'The name in @AuditAction(name) must be a string of 1 to 255 characters, got undefined.'],
  ['x'.repeat(256), {}, 'The name in @AuditAction(name) must be a string of 1 to 255 characters, got '],
])('@AuditAction() refuses %j, %j', (name, options, message) => {
  expect(() => AuditAction(name as string, options as never)).toThrow(AuditConfigurationError);
  expect(() => AuditAction(name as string, options as never)).toThrow(message);
});
