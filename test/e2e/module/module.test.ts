import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type INestApplication,
  Injectable,
  Module,
  type ModuleMetadata,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectDataSource, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  attachAudit,
  AuditConfigurationError,
  AuditContext,
  Audited,
  AuditModule,
  type AuditOptions,
  type AuditOptionsFactory,
  getHistoryToken,
  HistoryService,
  InjectHistory,
  InjectRevisions,
  NotAuditedError,
  type RevisionEntity,
} from 'nestjs-typeorm-audit';
import { DataSource, type DataSourceOptions, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Entity()
class Table {
  @PrimaryGeneratedColumn()
  id!: number;
}

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function start(metadata: ModuleMetadata): Promise<INestApplication> {
  return (app = await startApp(metadata));
}

const actorOfOne = async (started: INestApplication) => {
  await dataSourceOf(started).getRepository(Reservation).save({ party: 2 });
  return (await started.get(HistoryService).latest(Reservation, 1))?.actor;
};

describe('AuditModule.forRoot()', () => {
  it('records from before the application initialises its modules until it has shut down', async () => {
    @Injectable()
    class Seeder implements OnModuleInit {
      constructor(
        @InjectDataSource() private readonly dataSource: DataSource,
        @InjectRepository(Reservation) private readonly reservations: Repository<Reservation>,
      ) {}
      onModuleInit() {
        return this.reservations.save({ party: 1 });
      }
      onModuleDestroy() {
        return this.reservations.save({ party: 2 });
      }
      async beforeApplicationShutdown() {
        await this.reservations.save({ party: 3 });
        await expectInvariants(this.dataSource);
        saved = await this.reservations.count();
      }
    }
    let saved: number | undefined;
    const started = await startApp({
      imports: [sqlite([Reservation]), TypeOrmModule.forFeature([Reservation]), AuditModule.forRoot()],
      providers: [Seeder],
    });
    await expectInvariants(dataSourceOf(started));
    await started.close();
    expect(saved).toBe(3);
  });

  it('provides the history and the context everywhere, or with isGlobal: false where it is imported', async () => {
    @Injectable()
    class Reader {
      constructor(
        readonly history: HistoryService,
        readonly context: AuditContext,
      ) {}
    }
    @Module({ providers: [Reader] })
    class Elsewhere {}
    await start({ imports: [sqlite([Reservation]), Elsewhere, AuditModule.forRoot()] });
    expect(app!.get(Reader).history).toBe(app!.get(HistoryService));
    expect(app!.get(Reader).context).toBe(app!.get(AuditContext));

    const local = startApp({
      imports: [sqlite([Reservation]), Elsewhere, AuditModule.forRoot({ isGlobal: false })],
    });
    await expect(local).rejects.toThrow(/HistoryService/);
  });

  it('leaves a data source that it has detached from as it was', async () => {
    const dataSource = new DataSource({
      type: 'better-sqlite3',
      database: ':memory:',
      entities: [Reservation],
      synchronize: true,
    });
    await dataSource.initialize();
    const provided = { provide: DataSource, useValue: dataSource };
    @Module({ providers: [provided], exports: [DataSource] })
    class DataModule {}
    const audited = {
      imports: [AuditModule.forRootAsync({ imports: [DataModule], useFactory: () => ({}) })],
    };
    await (await startApp(audited)).close();
    const { history, detach } = attachAudit(dataSource);
    await dataSource.getRepository(Reservation).save({ party: 2 });
    detach();
    await dataSource.getRepository(Reservation).save({ party: 3 });
    expect(await history.latest(Reservation, 1)).toMatchObject({ version: 1 });
    expect(await history.latest(Reservation, 2)).toBeNull();
    await dataSource.destroy();
  });

  it('refuses a data source that is not initialised', async () => {
    const database = sqlite([Reservation], { manualInitialization: true });
    const uninitialised = startApp({ imports: [database, AuditModule.forRoot()] });
    await expect(uninitialised).rejects.toThrow(
      /Await dataSource\.initialize\(\) first.*manualInitialization/,
    );
  });
});

describe('a wrong option', () => {
  const wrong: [string, object, RegExp][] = [
    [
      'actor: string',
      { actor: 'ann' },
      /^The audit option actor must be a function of the request, got 'ann'\./,
    ],
    ['context: object', { context: { ip: 1 } }, /context must be a function .*, got an object\./],
    ['requireActor: number', { requireActor: 1 }, /requireActor must be true or false, got 1\./],
    ['requireReason: text', { requireReason: 'yes' }, /requireReason must be true or false, got 'yes'\./],
    ['an unknown one', { requiredActor: true }, /requiredActor is unknown\. Did you mean requireActor\?/],
    ['one in the wrong case', { datasource: 'x' }, /datasource is unknown\. Did you mean dataSource\?/],
    [
      'one like none',
      { colour: 1 },
      /colour is unknown\. Known are actor, context, onBehalf, requestId, requireActor/,
    ],
    ['isGlobal: string', { isGlobal: 'yes' }, /isGlobal must be true or false, got 'yes'\./],
    ['dataSource: number', { dataSource: 5 }, /dataSource must be a data source or its name.*, got 5\./],
    ['endpoints: true', { endpoints: true }, /endpoints must be an object .*, got true\./],
    [
      'endpoints without guards',
      { endpoints: {} },
      /endpoints has no guards.*Give guards: .* or public: true/,
    ],
    [
      'canWrite: true',
      { endpoints: { public: true, canWrite: true } },
      /endpoints\.canWrite must be a function of the request, got true\./,
    ],
    ['endpoints with no guard', { endpoints: { guards: [], public: false } }, /endpoints has no guards/],
    [
      'a guard that is none',
      { endpoints: { guards: ['admin'] } },
      /endpoints\.guards must be an array of guards.*, got an array\./,
    ],
    [
      'a path that is none',
      { endpoints: { path: 5, public: true } },
      /endpoints\.path must be a path.*, got 5\./,
    ],
    [
      'an empty path',
      { endpoints: { path: '/', public: true } },
      /endpoints\.path must be a path.*, got '\/'\./,
    ],
    [
      'an unknown endpoint option',
      { endpoints: { guard: [] } },
      /endpoints\.guard is unknown\. Did you mean guards\?/,
    ],
  ];

  it.each(wrong)('stops the application when it starts: %s', async (_title, options, message) => {
    const failed = startApp({
      imports: [sqlite([Reservation]), AuditModule.forRoot(options)],
    });
    await expect(failed).rejects.toThrow(AuditConfigurationError);
    await expect(failed).rejects.toThrow(message);
  });

  const wrongAsync: [string, object, RegExp][] = [
    ['beside the factory', { useFactory: () => ({}), actor: () => 'ann' }, /actor stands beside the factory/],
    [
      'from the factory',
      { useFactory: () => ({ actor: 1 }) },
      /actor must be a function of the request, got 1\./,
    ],
    [
      'of the shape from the factory',
      { useFactory: () => ({ endpoints: {} }) },
      /endpoints shapes the module/,
    ],
    [
      'nothing from the factory',
      { useFactory: () => undefined },
      /The audit options must be an object, got undefined/,
    ],
    ['unknown beside the factory', { useFactory: () => ({}), endpoint: {} }, /Did you mean endpoints\?/],
  ];

  it.each(wrongAsync)('stops the application with forRootAsync too: %s', async (_title, options, message) => {
    const module = AuditModule.forRootAsync(options);
    const failed = startApp({ imports: [sqlite([Reservation]), module] });
    await expect(failed).rejects.toThrow(AuditConfigurationError);
    await expect(failed).rejects.toThrow(message);
  });
});

describe('AuditModule.forRootAsync()', () => {
  const options: AuditOptions = { requireActor: false, context: () => null };

  it('takes a factory with what it needs', async () => {
    @Module({ providers: [{ provide: 'CONFIG', useValue: options }], exports: ['CONFIG'] })
    class ConfigModule {}
    const module = AuditModule.forRootAsync({
      imports: [ConfigModule],
      inject: ['CONFIG'],
      useFactory: (config: AuditOptions) => Promise.resolve({ ...config, requireActor: true }),
    });
    await start({ imports: [sqlite([Reservation]), module] });
    await expect(actorOfOne(app!)).rejects.toThrow(/requireActor is on/);
    expect(await app!.get(AuditContext).run({ actor: 'ann' }, () => actorOfOne(app!))).toBe('ann');
    await expectInvariants(dataSourceOf(app!));
  });

  @Injectable()
  class AuditConfig implements AuditOptionsFactory {
    createAuditOptions(): AuditOptions {
      return { requireActor: true };
    }
  }

  @Module({ providers: [AuditConfig], exports: [AuditConfig] })
  class AuditConfigModule {}

  it.each([
    ['a class', { useClass: AuditConfig }],
    ['an existing provider', { imports: [AuditConfigModule], useExisting: AuditConfig }],
  ])('takes %s', async (_title, how) => {
    await start({ imports: [sqlite([Reservation]), AuditModule.forRootAsync(how)] });
    await expect(actorOfOne(app!)).rejects.toThrow(/requireActor is on/);
  });
});

describe('several data sources', () => {
  @Audited()
  @Entity()
  class Invoice {
    @PrimaryGeneratedColumn()
    id!: number;
  }

  @Injectable()
  class Reader {
    constructor(
      readonly history: HistoryService,
      @InjectHistory('archive') readonly archived: HistoryService,
      @InjectDataSource('archive') readonly archive: DataSource,
    ) {}
  }

  it('have each their own module, options and history', async () => {
    await start({
      imports: [
        sqlite([Reservation]),
        sqlite([Invoice], { name: 'archive' }),
        AuditModule.forRoot(),
        AuditModule.forRoot({ dataSource: 'archive', requireActor: true }),
      ],
      providers: [Reader],
    });
    const { history, archived, archive } = app!.get(Reader);
    expect(archived).not.toBe(history);
    expect(app!.get(getHistoryToken('archive'))).toBe(archived);
    await dataSourceOf(app!).getRepository(Reservation).save({ party: 2 });
    await expect(archive.getRepository(Invoice).save({})).rejects.toThrow(/requireActor is on/);
    await app!.get(AuditContext).run({ actor: 'ann' }, () => archive.getRepository(Invoice).save({}));
    expect(await history.latest(Reservation, 1)).toMatchObject({ actor: null });
    expect(await archived.latest(Invoice, 1)).toMatchObject({ actor: 'ann' });
    await expect(history.latest(Invoice, 1)).rejects.toThrow(NotAuditedError);
    await expectInvariants(dataSourceOf(app!));
    await expectInvariants(archive);
  });
});

describe('AuditModule.forFeature()', () => {
  @Injectable()
  class Report {
    constructor(
      @InjectRevisions(Reservation) readonly revisions: Repository<RevisionEntity<Reservation>>,
      @InjectRevisions(Reservation, 'archive') readonly archived: Repository<RevisionEntity<Reservation>>,
    ) {}
  }

  it("provides the repository of an entity's revisions", async () => {
    await start({
      imports: [
        sqlite([Reservation]),
        sqlite([Reservation], { name: 'archive' }),
        AuditModule.forRoot(),
        AuditModule.forRoot({ dataSource: 'archive' }),
        AuditModule.forFeature([Reservation]),
        AuditModule.forFeature([Reservation], 'archive'),
      ],
      providers: [Report],
    });
    await dataSourceOf(app!).getRepository(Reservation).save({ party: 2 });
    const { revisions, archived } = app!.get(Report);
    expect(await revisions.find()).toMatchObject([
      { revVersion: 1, revOperation: 'insert', id: 1, party: 2 },
    ]);
    expect(await archived.count()).toBe(0);
    await expectInvariants(dataSourceOf(app!));
  });

  it('refuses an entity that is not audited', async () => {
    const imports = [sqlite([Reservation, Table]), AuditModule.forRoot(), AuditModule.forFeature([Table])];
    await expect(startApp({ imports })).rejects.toThrow('Table is not audited. Mark it with @Audited()');
  });
});

describe('attachAudit()', () => {
  const options: DataSourceOptions = {
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Reservation],
    synchronize: true,
  };

  it('audits a data source without NestJS', async () => {
    const dataSource = await new DataSource(options).initialize();
    const { history, context, detach } = attachAudit(dataSource, { requireActor: true });
    await context.run({ actor: 'import' }, () => dataSource.getRepository(Reservation).save({ party: 6 }));
    expect(await history.latest(Reservation, 1)).toMatchObject({
      version: 1,
      actor: 'import',
      snapshot: { party: 6 },
    });
    await expectInvariants(dataSource);
    detach();
    await dataSource.destroy();
  });

  it('refuses a data source that is not initialised, and options that are none', async () => {
    const dataSource = new DataSource(options);
    expect(() => attachAudit(dataSource)).toThrow(/not initialised.*Await dataSource\.initialize\(\) first/);
    expect(() => attachAudit(dataSource, { acter: () => 'ann' } as AuditOptions)).toThrow(
      /Did you mean actor\?/,
    );
    expect(() => attachAudit(dataSource, null as unknown as AuditOptions)).toThrow(
      /The audit options must be an object, got null/,
    );
  });
});
