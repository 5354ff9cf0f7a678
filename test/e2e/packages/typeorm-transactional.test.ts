import { afterEach, expect, it } from '@jest/globals';
import { type INestApplication, Injectable } from '@nestjs/common';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type Repository } from 'typeorm';
import {
  addTransactionalDataSource,
  deleteDataSourceByName,
  initializeTransactionalContext,
  Propagation,
  StorageDriver,
  Transactional,
} from 'typeorm-transactional';
import { dataSourceOf, startApp } from '../../support/http/app.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import {
  AuditModule,
  expectHistory,
  type GuestClass,
  guestClass,
  type GuestService,
  play,
} from './transactional.js';

initializeTransactionalContext({ storageDriver: StorageDriver.ASYNC_LOCAL_STORAGE });

@Injectable()
class Service implements GuestService {
  guests: Repository<InstanceType<GuestClass>>;

  @Transactional()
  async both() {
    await this.guests.save({ id: 1, name: 'Ann' });
    await this.guests.insert({ id: 2, name: 'Bea' });
    await this.guests.update(1, { name: 'Cy' });
  }

  @Transactional()
  async fail() {
    await this.guests.save({ id: 3, name: 'Dan' });
    await this.guests.update(1, { name: 'Eve' });
    throw new Error('no room');
  }

  @Transactional()
  async nested() {
    await this.guests.insert({ id: 4, name: 'Fay' });
    await this.inner(5);
  }

  @Transactional()
  async apart() {
    await this.guests.insert({ id: 6, name: 'Gus' });
    await this.own().catch(() => undefined);
  }

  @Transactional({ propagation: Propagation.MANDATORY })
  async inner(id: number) {
    await this.guests.save({ id, name: `inner ${id}` });
  }

  @Transactional({ propagation: Propagation.REQUIRES_NEW })
  async own() {
    await this.guests.insert({ id: 7, name: 'Hal' });
    throw new Error('inner failure');
  }
}

describeDatabases('typeorm-transactional', (name) => {
  // One connection has no second transaction beside the first.
  const propagations =
    name === 'sqlite' ? 'each of its propagations but REQUIRES_NEW' : 'each of its propagations';
  const opened: (() => Promise<unknown>)[] = [];
  const closeAll = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  afterEach(closeAll);

  async function open(isAudited: boolean): Promise<{ app: INestApplication; Guest: GuestClass }> {
    const Guest = guestClass(isAudited);
    const database: TestDatabase = await createDatabase(name);
    opened.push(() => database.drop());
    const app = await startApp({
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...database.options, entities: [Guest], synchronize: true, retryAttempts: 0 }),
          dataSourceFactory: (options) =>
            Promise.resolve(addTransactionalDataSource(new DataSource(options!) as never) as never),
        }),
        TypeOrmModule.forFeature([Guest]),
        ...(isAudited ? [AuditModule.forRoot()] : []),
      ],
      providers: [
        {
          provide: Service,
          inject: [getRepositoryToken(Guest)],
          useFactory: (guests) => Object.assign(new Service(), { guests }),
        },
      ],
    });
    opened.push(async () => {
      deleteDataSourceByName('default');
      await app.close();
    });
    return { app, Guest };
  }

  it(`has the transactions of its decorator, with ${propagations}, as without audit`, async () => {
    const seen: unknown[] = [];
    for (const isAudited of [false, true]) {
      const { app, Guest } = await open(isAudited);
      const service = app.get(Service);
      if (name === 'sqlite') service.own = () => Promise.reject(new Error('inner failure'));
      seen.push(await play(service, dataSourceOf(app)));
      if (isAudited) {
        await expectHistory(app, Guest);
        await expectInvariants(dataSourceOf(app));
      }
      // The package knows one data source of a name.
      await closeAll();
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toMatchObject([
      { outcome: 'ok' },
      { outcome: 'Error: no room' },
      { outcome: 'ok' },
      { outcome: 'ok' },
      { outcome: expect.stringContaining('QueryFailedError') },
    ]);
  });
});
