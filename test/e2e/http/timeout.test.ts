import { setTimeout as after } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type INestApplication } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditConfigurationError, AuditModule, HistoryService, revisionOf } from 'nestjs-typeorm-audit';
import request from 'supertest';
import { DataSource, EventSubscriber, type EntitySubscriberInterface } from 'typeorm';
import { Reservation } from '../../support/entities/reservation.js';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';
import {
  createDatabase,
  databasesOfThisRun,
  skipForWantOfServers,
  type TestDatabase,
} from '../../support/servers/databases.js';
import { analyze, newUuid, numbers } from '../../support/costs/generated-rows.js';
import { pgbouncersOfThisRun, startPooler } from '../../support/servers/pgbouncer.js';
import { type ServerName } from '../../support/servers/servers.js';
import { between, derivedRunners } from '../../support/worlds/tenants.js';

const TIMEOUT = 150;

/** What subscribers are told of transactions. */
const told: string[] = [];

@EventSubscriber()
class Subscriber implements EntitySubscriberInterface {
  beforeTransactionStart(): void {
    told.push('start');
  }
  afterTransactionCommit(): void {
    told.push('commit');
  }
  afterTransactionRollback(): void {
    told.push('rollback');
  }
}

const servers = databasesOfThisRun().filter((name): name is ServerName => name !== 'sqlite');

const onePerPool = (name: ServerName): object =>
  name === 'postgres' ? { poolSize: 1 } : { extra: { connectionLimit: 1 } };

/** The limit of its own that a session has, in milliseconds. */
const limits: Record<ServerName, { set: (ms: number) => string; get: string }> = {
  postgres: {
    set: (ms) => `SET statement_timeout = ${ms}`,
    get: `SELECT setting AS ms FROM pg_settings WHERE name = 'statement_timeout'`,
  },
  mariadb: {
    set: (ms) => `SET max_statement_time = ${ms / 1000}`,
    get: 'SELECT @@max_statement_time * 1000 AS ms',
  },
  mysql: {
    set: (ms) => `SET max_execution_time = ${ms}`,
    get: 'SELECT @@max_execution_time AS ms',
  },
};

/** Lets nobody read the revisions until what it returns is called. */
async function lockRevisions({ name, options }: TestDatabase): Promise<() => Promise<void>> {
  const other = await new DataSource(options).initialize();
  const runner = other.createQueryRunner();
  if (name === 'postgres') await runner.query('BEGIN');
  await runner.query(
    name === 'postgres'
      ? 'LOCK TABLE reservation_rev IN ACCESS EXCLUSIVE MODE'
      : 'LOCK TABLES reservation_rev WRITE',
  );
  return async () => {
    await runner.query(name === 'postgres' ? 'ROLLBACK' : 'UNLOCK TABLES');
    await runner.release();
    await other.destroy();
  };
}

if (servers.length === 0) skipForWantOfServers('endpoints.timeout');
else
  describe.each(servers)('endpoints.timeout (%s)', (name) => {
    let database: TestDatabase;
    let app: INestApplication;
    let dataSource: DataSource;
    let transaction: string;
    let release: (() => Promise<void>) | undefined;
    const get = (path: string) => request(app.getHttpServer()).get(path);
    const lock = async (): Promise<void> => {
      release = await lockRevisions(database);
    };
    const unlock = async (): Promise<void> => {
      await release?.();
      release = undefined;
    };

    async function start(timeout: number | undefined, more: object = {}): Promise<void> {
      app = await startApp({
        imports: [
          TypeOrmModule.forRoot({
            ...database.options,
            ...onePerPool(name),
            entities: [Reservation],
            subscribers: [Subscriber],
            retryAttempts: 0,
            ...more,
          }),
          AuditModule.forRoot({ endpoints: { public: true, timeout } }),
        ],
      });
      dataSource = dataSourceOf(app);
    }

    beforeAll(async () => {
      database = await createDatabase(name);
      await start(TIMEOUT, { synchronize: true });
      const reservations = dataSource.getRepository(Reservation);
      await reservations.save({ party: 2 });
      await reservations.save({ id: 1, party: 4 });
      transaction = (await app.get(HistoryService).latest(Reservation, 1))!.transaction;
    });
    afterEach(unlock);
    afterAll(async () => {
      await app?.close();
      await database?.drop();
    });

    const routes = [
      '/audit/reservation/1',
      '/audit/reservation/1?limit=1&cursor=CURSOR',
      '/audit/reservation/1?property=party&from=2020-01-01&actor=ann',
      '/audit/reservation/1/versions/1',
      '/audit/reservation/1/diff?from=1&to=2',
      '/audit/reservation/1/as-of?at=1',
      '/audit/reservation/1/as-of?at=2030-01-01',
      '/audit/feed',
      '/audit/feed?actor=ann&operation=update',
      '/audit/transactions/TRANSACTION',
    ];
    const pathOf = async (route: string): Promise<string> => {
      const { body } = await get('/audit/reservation/1?limit=1').expect(200);
      return route
        .replace('CURSOR', (body as { nextCursor: string }).nextCursor)
        .replace('TRANSACTION', transaction);
    };

    it.each(routes)('has the database end what takes longer, with 503 and the remedy: %s', async (route) => {
      const path = await pathOf(route);
      await lock();
      const { body } = await get(path).expect(503);
      expect(body).toEqual({
        statusCode: 503,
        error: 'Service Unavailable',
        message:
          `The database has ended a read of the history that took longer than ${TIMEOUT} ms. Ask for a shorter page or ` +
          `a narrower filter, try again when the database is less busy, or raise endpoints.timeout.`,
      });
      await unlock();
      expect([200, 404]).toContain((await get(path)).status);
    });

    it('leaves the connection as it was, for the application', async () => {
      const idOf = name === 'postgres' ? 'pg_backend_pid()' : 'connection_id()';
      const id = async (): Promise<unknown> =>
        (await dataSource.query<{ id: unknown }[]>(`SELECT ${idOf} AS id`))[0].id;
      const before = await id();
      await lock();
      await get('/audit/reservation/1').expect(503);
      await unlock();
      expect(await id()).toEqual(before);
      expect(Number((await dataSource.query(limits[name].get))[0].ms)).toBe(0);
      await dataSource.transaction((manager) => manager.getRepository(Reservation).update(1, { party: 5 }));
      await get('/audit/reservation/1').expect(200);
      expect(Number((await dataSource.query(limits[name].get))[0].ms)).toBe(0);
      expect(await id()).toEqual(before);
    });

    it.each<[string, () => Promise<unknown>]>([
      ['history in code', () => app.get(HistoryService).timeline(Reservation, 1)],
      ['what the application reads itself', () => dataSource.getRepository(revisionOf(Reservation)).find()],
    ])('does not end %s', async (_title, read) => {
      await get('/audit/reservation/1').expect(200);
      await lock();
      let isOver = false;
      const reading = read().finally(() => (isOver = true));
      await after(TIMEOUT * 3);
      expect(isOver).toBe(false);
      await unlock();
      await reading;
    });

    it('tells subscribers of no transaction', async () => {
      told.length = 0;
      await get('/audit/reservation/1').expect(200);
      await lock();
      await get('/audit/reservation/1').expect(503);
      expect(told).toEqual([]);
    });

    it('changes no answer', async () => {
      const paths = await Promise.all(routes.map(pathOf));
      const answers = async (): Promise<unknown[]> => {
        const all: unknown[] = [];
        for (const path of ['/audit', ...paths]) {
          const { status, body } = await get(path);
          all.push([path, status, body]);
        }
        return all;
      };
      await app.close();
      await start(undefined);
      const without = await answers();
      await app.close();
      await start(60_000);
      expect(await answers()).toEqual(without);
    });

    it("keeps a shorter limit of the connection's own", async () => {
      await app.close();
      await start(60_000);
      await dataSource.query(limits[name].set(100));
      await lock();
      const began = Date.now();
      await get('/audit/reservation/1').expect(503);
      expect(Date.now() - began).toBeLessThan(10_000);
      await unlock();
      expect(Number((await dataSource.query(limits[name].get))[0].ms)).toBe(100);
    });

    it("goes before a longer limit of the connection's own", async () => {
      await app.close();
      await start(TIMEOUT);
      await dataSource.query(limits[name].set(60_000));
      await lock();
      const began = Date.now();
      await get('/audit/reservation/1').expect(503);
      expect(Date.now() - began).toBeLessThan(10_000);
      await unlock();
      expect(Number((await dataSource.query(limits[name].get))[0].ms)).toBe(60_000);
    });

    it('is none by default', async () => {
      await app.close();
      await start(undefined);
      await lock();
      const answer = get('/audit/reservation/1').then(({ status }) => status);
      await after(TIMEOUT * 3);
      await unlock();
      expect(await answer).toBe(200);
    });

    it('ends a statement that is at work', async () => {
      await app.close();
      await start(1);
      await dataSource.query(
        `INSERT INTO reservation_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_transaction, id, party) ` +
          `SELECT ${newUuid[name]}, 1577836800 + n, FALSE, n + 1, 'update', ${newUuid[name]}, 2, n ` +
          `FROM ${numbers[name](40_000)}`,
      );
      await dataSource.query(analyze[name](['reservation_rev']));
      await get('/audit/feed?reason=nobody').expect(503);
      await get('/audit/reservation/2?actor=nobody').expect(503);
    });
  });

if (servers.includes('mariadb'))
  it('endpoints.timeout ends reads of a MariaDB that TypeORM takes for MySQL', async () => {
    const database = await createDatabase('mariadb');
    let app: INestApplication | undefined;
    try {
      const options = {
        ...database.options,
        type: 'mysql',
        entities: [Reservation],
        synchronize: true,
      } as const;
      const source = TypeOrmModule.forRoot({ ...(options as object), retryAttempts: 0 });
      const audit = AuditModule.forRoot({ endpoints: { public: true, timeout: TIMEOUT } });
      app = await startApp({ imports: [source, audit] });
      await dataSourceOf(app).getRepository(Reservation).save({ party: 2 });
      const get = (path: string) => request(app!.getHttpServer()).get(path);
      await get('/audit/reservation/1').expect(200);
      const unlock = await lockRevisions(database);
      await get('/audit/reservation/1').expect(503);
      await unlock();
    } finally {
      await app?.close();
      await database.drop();
    }
  });

if (servers.includes('postgres'))
  describe.each(Object.entries(derivedRunners))('endpoints.timeout through %s', (_kind, derive) => {
    let database: TestDatabase;
    let app: INestApplication;
    beforeAll(async () => {
      database = await createDatabase('postgres');
      const source = TypeOrmModule.forRoot({
        ...(database.options as { type: 'postgres' }),
        poolSize: 1,
        entities: [Reservation],
        synchronize: true,
        retryAttempts: 0,
      });
      const audit = AuditModule.forRoot({ endpoints: { public: true, timeout: TIMEOUT } });
      app = await startApp({ imports: [source, audit] });
    });
    afterAll(async () => {
      await app?.close();
      await database?.drop();
    });

    it('resets what it sets for each statement, and answers with 503', async () => {
      const dataSource = dataSourceOf(app);
      await dataSource.getRepository(Reservation).save({ party: 2 });
      const create = dataSource.createQueryRunner.bind(dataSource);
      const set: string[] = [];
      dataSource.createQueryRunner = (mode) =>
        derive(create(mode), (query, isActive) => {
          const surrounded = between(`SET app.tenant = 'a'`, 'RESET app.tenant', query, isActive);
          return async (...given: Parameters<typeof query>) => {
            set.push(given[0]);
            return surrounded(...given);
          };
        });
      const get = (path: string) => request(app.getHttpServer()).get(path);
      await get('/audit/reservation/1').expect(200);
      expect(set.filter((text) => text.includes('reservation_rev'))).toHaveLength(1);
      const unlock = await lockRevisions(database);
      await get('/audit/reservation/1').expect(503);
      await unlock();
      Reflect.deleteProperty(dataSource, 'createQueryRunner');
      expect(
        await dataSource.query(
          `SELECT current_setting('app.tenant', true) AS tenant, now() = statement_timestamp() AS alone`,
        ),
      ).toEqual([{ tenant: '', alone: true }]);
    });
  });

for (const pgbouncer of pgbouncersOfThisRun())
  describe(`endpoints.timeout through PgBouncer ${pgbouncer.version} in transaction mode`, () => {
    it('ends its own reads, and nothing else on the connection that clients share', async () => {
      const database = await createDatabase('postgres');
      const pooler = await startPooler(pgbouncer, 1);
      const url = new URL((database.options as { url: string }).url);
      const direct = await new DataSource({
        ...database.options,
        entities: [Reservation],
        synchronize: true,
      }).initialize();
      url.host = `127.0.0.1:${pooler.port}`;
      let app: INestApplication | undefined;
      try {
        app = await startApp({
          imports: [
            TypeOrmModule.forRoot({
              type: 'postgres',
              url: url.href,
              entities: [Reservation],
              retryAttempts: 0,
            }),
            AuditModule.forRoot({ endpoints: { public: true, timeout: TIMEOUT } }),
          ],
        });
        const dataSource = dataSourceOf(app);
        await dataSource.getRepository(Reservation).save({ party: 2 });
        const get = (path: string) => request(app!.getHttpServer()).get(path);
        await get('/audit/reservation/1').expect(200);
        const unlock = await lockRevisions(database);
        await get('/audit/reservation/1').expect(503);
        await unlock();
        const slow = `SELECT pg_sleep(${(TIMEOUT * 2) / 1000}), current_setting('statement_timeout') AS own`;
        expect(await dataSource.query(slow)).toMatchObject([{ own: '0' }]);
        await Promise.all([get('/audit/feed').expect(200), dataSource.query(slow)]);
      } finally {
        await app?.close();
        await direct.destroy();
        await pooler.stop();
        await database.drop();
      }
    });
  });

describe('endpoints.timeout on SQLite', () => {
  it('stops the start, because SQLite can not end a statement', async () => {
    const start = startApp({
      imports: [
        sqlite([Reservation]),
        AuditModule.forRoot({ endpoints: { public: true, timeout: TIMEOUT } }),
      ],
    });
    await expect(start).rejects.toThrow(AuditConfigurationError);
    await expect(start).rejects.toThrow(
      "endpoints.timeout is given, but this database runs its statements in the process of the application and can't stop one. Leave",
    );
  });

  it.each([0, -1, 1.5, 2 ** 31, '5s', null])('%s is none', async (timeout) => {
    const endpoints = { public: true, timeout: timeout as number };
    const start = startApp({ imports: [sqlite([Reservation]), AuditModule.forRoot({ endpoints })] });
    await expect(start).rejects.toThrow(AuditConfigurationError);
    await expect(start).rejects.toThrow(
      /endpoints\.timeout must be an integer of milliseconds from 1 to 2147483647, got /,
    );
  });
});
