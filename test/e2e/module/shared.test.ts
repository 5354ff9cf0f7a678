import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type INestApplication, Post } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  attachAudit,
  Audited,
  AuditModule,
  type AuditModuleOptions,
  HistoryService,
  Masked,
} from 'nestjs-typeorm-audit';
import request from 'supertest';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  PrimaryGeneratedColumn,
  Repository,
} from 'typeorm';
import { Guest } from '../../support/entities/guest.js';
import { type Platform, platforms, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited()
@Entity()
class Card {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  @Masked()
  number!: string;
}

@Controller('guests')
class GuestController {
  constructor(@InjectRepository(Guest) private readonly guests: Repository<Guest>) {}

  @Post()
  async make() {
    return this.guests.save({ name: 'Ann' });
  }
}

const options = {
  type: 'better-sqlite3',
  database: ':memory:',
  entities: [Guest],
  synchronize: true,
} satisfies DataSourceOptions;

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function openDataSource(more: Partial<DataSourceOptions> = {}): Promise<DataSource> {
  const dataSource = await new DataSource({ ...options, ...more } as DataSourceOptions).initialize();
  opened.push({ close: async () => (dataSource.isInitialized ? dataSource.destroy() : undefined) });
  return dataSource;
}

/** An application over a data source that others have too, as typeorm-transactional and many test suites do it. */
async function startOver(
  dataSource: DataSource,
  audits: AuditModuleOptions[],
  platform?: Platform,
): Promise<INestApplication> {
  const app = await startApp(
    {
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...options, synchronize: false }),
          dataSourceFactory: () => Promise.resolve(dataSource),
        }),
        TypeOrmModule.forFeature([Guest]),
        ...audits.map((audit) => AuditModule.forRoot(audit)),
      ],
      controllers: [GuestController],
    },
    { platform },
  );
  opened.push(app);
  return app;
}

const operations = async (dataSource: DataSource): Promise<string[]> =>
  (await dataSource.query<{ rev_operation: string }[]>('SELECT * FROM guest_rev ORDER BY rev_id')).map(
    ({ rev_operation }) => rev_operation,
  );

describe('AuditModules that share a data source', () => {
  it('have each their own history, and record each write once', async () => {
    const dataSource = await openDataSource();
    const first = await startOver(dataSource, [{}]);
    const second = await startOver(dataSource, [{}]);
    const histories = [first, second].map((app) => app.get(HistoryService));
    expect(histories[0]).not.toBe(histories[1]);
    await dataSource.getRepository(Guest).save({ name: 'Ann' });
    for (const history of histories)
      expect((await history.timeline(Guest, 1)).items).toMatchObject([{ operation: 'insert' }]);
    await expectInvariants(dataSource);
  });

  it.each([
    ['first', 0, 1],
    ['second', 1, 0],
  ])('record until the last is closed, the %s first', async (_, closedFirst, closedLast) => {
    const dataSource = await openDataSource();
    // TypeOrmModule ends the data source of each application that is closed.
    const { destroy } = dataSource;
    dataSource.destroy = () => Promise.resolve();
    const apps = [await startOver(dataSource, [{}]), await startOver(dataSource, [{}])];
    const guests = dataSource.getRepository(Guest);
    await guests.insert({ name: 'Ann' });
    await apps[closedFirst].close();
    await guests.update(1, { name: 'Bea' });
    await expectInvariants(dataSource);
    await apps[closedLast].close();
    await guests.update(1, { name: 'Cy' });
    expect(await operations(dataSource)).toEqual(['insert', 'update']);
    dataSource.destroy = destroy;
  });

  it('of one application use what any of them gives', async () => {
    const dataSource = await openDataSource();
    const app = await startOver(dataSource, [{ requireActor: true }, { actor: () => 'ann' }]);
    await expect(dataSource.getRepository(Guest).save({ name: 'Nobody' })).rejects.toThrow('has no actor');
    await request(app.getHttpServer()).post('/guests').expect(201);
    expect(await app.get(HistoryService).latest(Guest, 1)).toMatchObject({ actor: 'ann' });
  });

  it.each(platforms)('ask the functions of the application that has the request, on %s', async (platform) => {
    const dataSource = await openDataSource();
    const byName = (name: string): AuditModuleOptions => ({
      actor: () => name,
      context: () => ({ by: name }),
    });
    const apps = [
      await startOver(dataSource, [byName('first')], platform),
      await startOver(dataSource, [byName('second')], platform),
      await startOver(dataSource, [{}], platform),
    ];
    for (const app of apps) await request(app.getHttpServer()).post('/guests').expect(201);
    const history = apps[0].get(HistoryService);
    expect(await Promise.all([1, 2, 3].map((id) => history.latest(Guest, id)))).toMatchObject([
      { actor: 'first', context: { by: 'first' } },
      { actor: 'second', context: { by: 'second' } },
      { actor: null, context: { method: 'POST', path: '/guests' } },
    ]);
  });

  it.each([
    ['requireActor', { requireActor: true }, { requireActor: false }],
    ['requireReason', { requireReason: true }, { requireReason: false }],
    ['maskKey', { maskKey: 'one key of a shop' }, { maskKey: 'another key of it' }],
  ])('refuse another %s, and say which', async (option, given, other) => {
    const dataSource = await openDataSource({ entities: [Guest, Card] });
    const { detach, context } = attachAudit(dataSource, { maskKey: 'one key of a shop', ...given });
    const refused = startOver(dataSource, [other]);
    await expect(refused).rejects.toThrow(`audited already, with another ${option}. Give the same ${option}`);
    await refused.catch(({ message }: Error) => expect(message).not.toMatch(/of a shop|of it/));
    await context.run({ actor: 'ann', reason: 'r' }, () =>
      dataSource.getRepository(Guest).insert({ name: 'Ann' }),
    );
    detach();
    await dataSource.getRepository(Guest).update(1, { name: 'Bea' });
    expect(await operations(dataSource)).toEqual(['insert']);
    attachAudit(dataSource, { maskKey: 'one key of a shop', ...other }).detach();
  });

  it('can be opened again after a close, over the same data source and over another', async () => {
    const dataSource = await openDataSource();
    await (await startOver(dataSource, [{}])).close();
    expect(dataSource.isInitialized).toBe(false);
    for (const next of [await dataSource.initialize(), await openDataSource()]) {
      const app = await startOver(next, [{}]);
      await next.getRepository(Guest).save({ name: 'Ann' });
      expect(await app.get(HistoryService).latest(Guest, 1)).toMatchObject({ version: 1 });
      await expectInvariants(next);
    }
  });
});

describe('attachAudit() of a data source that is attached', () => {
  it('records each write once, until both are detached', async () => {
    const dataSource = await openDataSource();
    const guests = dataSource.getRepository(Guest);
    const [first, second] = [attachAudit(dataSource), attachAudit(dataSource)];
    await guests.insert({ name: 'Ann' });
    first.detach();
    // A second call ends nobody else's.
    first.detach();
    await guests.update(1, { name: 'Bea' });
    second.detach();
    await guests.update(1, { name: 'Cy' });
    expect(await operations(dataSource)).toEqual(['insert', 'update']);
    expect(await first.history.latest(Guest, 1)).toMatchObject({ version: 2, snapshot: { name: 'Bea' } });
  });

  it('goes on when the data source is destroyed and initialised again', async () => {
    const dataSource = await openDataSource();
    const { detach } = attachAudit(dataSource);
    await dataSource.destroy();
    await dataSource.initialize();
    const { history } = attachAudit(dataSource);
    detach();
    await dataSource.transaction(async (manager) => {
      await manager.save(Guest, { name: 'Ann' });
      await manager.update(Guest, 1, { name: 'Bea' });
    });
    const { items } = await history.timeline(Guest, 1);
    expect(new Set(items.map(({ transaction }) => transaction)).size).toBe(1);
    expect(await operations(dataSource)).toEqual(['insert', 'update']);
    await expectInvariants(dataSource);
  });
});
