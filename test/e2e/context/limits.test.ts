import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  type INestApplication,
  Post,
  UseGuards,
} from '@nestjs/common';
import { AuditContext, Audited, AuditModule, type AuditOptions, HistoryService } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { DataSource } from 'typeorm';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';

@Audited({ requireActor: false })
@Entity()
class Visit {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  path!: string;
}

@Audited({ requireActor: true })
@Entity()
class Payment {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  amount!: number;
}

/** Writes before anybody knows the user, and then says who he is, if he does. */
class WritingGuard implements CanActivate {
  constructor(private readonly dataSource: DataSource) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const incoming = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    const user = incoming.headers['x-user'] as string | undefined;
    if (user !== undefined) incoming.user = { id: user };
    await this.dataSource.getRepository(Visit).save({ path: '/' });
    return true;
  }
}
Reflect.defineMetadata('design:paramtypes', [DataSource], WritingGuard);

@Controller('reservations')
class ReservationsController {
  constructor(private readonly dataSource: DataSource) {}

  @Post()
  @UseGuards(WritingGuard)
  make() {
    return this.dataSource.getRepository(Reservation).save({ party: 2 });
  }
}

let app: INestApplication | undefined;
afterEach(() => app?.close());

async function start(options: AuditOptions = {}) {
  app = await startApp({
    imports: [sqlite([Reservation, Visit, Payment]), AuditModule.forRoot(options)],
    controllers: [ReservationsController],
  });
}

const latest = (entity: { new (): object } = Reservation, id = 1) =>
  app!.get(HistoryService).latest(entity, id);

function post(headers: Record<string, string> = {}, path = '/reservations') {
  return request(app!.getHttpServer()).post(path).set(headers);
}

describe('what a client sends', () => {
  it.each([
    ['short and plain', 'req_1.a:b/c+d=e@f-9', 'req_1.a:b/c+d=e@f-9'],
    ['of 128 characters', 'a'.repeat(128), 'a'.repeat(128)],
    ['of 129 characters', 'a'.repeat(129), undefined],
    ['with blanks', 'a b', undefined],
    ['with markup', '<script>', undefined],
  ])('is a request id: %s', async (_title, id, kept) => {
    await start();
    await post({ 'x-request-id': id }).expect(201);
    expect((await latest())?.context?.requestId).toBe(kept);
  });

  it('is cut where it is a long path', async () => {
    await start();
    await post({}, `/${'reservations'}/?${'q'.repeat(3000)}`).expect(201);
    expect((await latest())?.context).toEqual({ method: 'POST', path: '/reservations/' });
  });

  it('does not make writes fail by its size', async () => {
    await start({
      context: (incoming: { headers: object }) => ({ headers: incoming.headers, tenant: 'ö'.repeat(100) }),
      maxContextBytes: 1000,
    });
    await post({ 'x-large': 'x'.repeat(8000) }).expect(201);
    const context = (await latest())?.context;
    expect(context).toEqual({
      headers: expect.stringMatching(/^\[cut: 8\d\d\d bytes\]$/),
      tenant: 'ö'.repeat(100),
    });
  });

  it('has 16 KB by default, and a mark alone where even the names are too long', async () => {
    await start();
    const reservations = dataSourceOf(app!).getRepository(Reservation);
    const audit = app!.get(AuditContext);
    const context = { text: 'x'.repeat(16 * 1024 - JSON.stringify({ text: '' }).length) };
    await audit.run({ context }, () => reservations.save({ party: 1 }));
    expect((await latest())?.context).toEqual(context);
    await audit.run({ context: { text: `${context.text}x` } }, () => reservations.save({ party: 1 }));
    expect((await latest(Reservation, 2))?.context).toEqual({ text: '[cut: 16376 bytes]' });
    const names = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`a-long-name-${n}`, n]));
    await audit.run({ context: names }, () => reservations.save({ party: 1 }));
    expect((await latest(Reservation, 3))?.context).toEqual({ context: expect.stringMatching(/^\[cut: /) });
  });
});

describe('an actor', () => {
  it.each(['', ' '])('is not %j', async (actor) => {
    await start({ requireActor: true, actor: () => actor });
    const save = () => dataSourceOf(app!).getRepository(Reservation).save({ party: 2 });
    await expect(app!.get(AuditContext).run({ actor }, save)).rejects.toThrow('has no actor');
    await post().expect(500);
  });

  it('is required by entity, in spite of the module', async () => {
    await start({ requireActor: true });
    await dataSourceOf(app!).getRepository(Visit).save({ path: '/' });
    expect(await latest(Visit)).toMatchObject({ actor: null });
    await app!.close();
    await start();
    const payments = dataSourceOf(app!).getRepository(Payment);
    await expect(payments.save({ amount: 2 })).rejects.toThrow('A write to Payment has no actor');
    expect(await payments.count()).toBe(0);
  });
});

describe('defaultActor', () => {
  beforeEach(() => start({ defaultActor: 'system' }));

  it('writes outside of requests, where run() names nobody', async () => {
    const reservations = dataSourceOf(app!).getRepository(Reservation);
    const audit = app!.get(AuditContext);
    await reservations.save({ party: 1 });
    await audit.run({ reason: 'import' }, () => reservations.save({ party: 1 }));
    await audit.run({ actor: 'ann' }, () => reservations.save({ party: 1 }));
    await audit.run({ actor: null }, () => reservations.save({ party: 1 }));
    const actors = await Promise.all([1, 2, 3, 4].map(async (id) => (await latest(Reservation, id))?.actor));
    expect(actors).toEqual(['system', 'system', 'ann', null]);
  });

  it('does not stand for an anonymous request, in a guard neither', async () => {
    await post().expect(201);
    expect(await latest()).toMatchObject({ actor: null });
    expect(await latest(Visit)).toMatchObject({ actor: null });
    await post({ 'x-user': 'ann' }).expect(201);
    expect(await latest(Reservation, 2)).toMatchObject({ actor: 'ann' });
  });

  it.each(['', 'a'.repeat(256), 5])('is refused at start as %j', async (defaultActor) => {
    await app!.close();
    await expect(start({ defaultActor } as AuditOptions)).rejects.toThrow(
      /defaultActor must be a string of 1 to 255 .*, got /,
    );
    app = undefined;
  });

  it.each([255, 1.5, '1000'])(
    'stands beside a maxContextBytes that is refused as %j',
    async (maxContextBytes) => {
      await app!.close();
      await expect(start({ maxContextBytes } as AuditOptions)).rejects.toThrow(
        /maxContextBytes must be an integer from 256 to 1048576, got /,
      );
      app = undefined;
    },
  );
});
