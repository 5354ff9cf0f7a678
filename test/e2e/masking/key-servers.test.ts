import { afterEach, describe, expect, it } from '@jest/globals';
import { type AttachedAudit, attachAudit, Audited, Masked } from 'nestjs-typeorm-audit';
import { Column, DataSource, type DataSourceOptions, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase, databasesOfThisRun, type TestDatabase } from '../../support/servers/databases.js';
import { keyTraces } from '../../support/assertions/key-traces.js';
import { type OwnPostgres, startPostgres } from '../../support/servers/own-postgres.js';
import { pgbouncersOfThisRun, startPooler } from '../../support/servers/pgbouncer.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

const KEY = 'neutral-made-up-key-0001';

@Audited()
@Entity('purse')
class Purse {
  @PrimaryGeneratedColumn() id: number;
  @Masked() @Column({ type: 'varchar' }) secret: string;
  @Column({ type: 'int' }) n: number;
}

let dataSource: DataSource | undefined;
let database: TestDatabase | undefined;

afterEach(async () => {
  if (dataSource?.isInitialized) await dataSource.destroy();
  dataSource = undefined;
  await database?.drop();
  database = undefined;
});

async function open(options: DataSourceOptions): Promise<AttachedAudit> {
  dataSource = new DataSource({ ...options, entities: [Purse], synchronize: true });
  return attachAudit(await dataSource.initialize(), { maskKey: KEY });
}

/** Writes in the ways that have statements of their own, and ends with writes that fail. */
async function write({ maintenance }: AttachedAudit): Promise<void> {
  const purses = dataSource!.getRepository(Purse);
  const { id } = await purses.save({ secret: 'a', n: 1 });
  await purses.save({ id, secret: 'b' });
  await purses.insert(Array.from({ length: 20 }, (_, n) => ({ secret: `${n}`, n })));
  await purses.createQueryBuilder().update().set({ secret: 'c' }).where('n < 5').execute();
  await purses.update(id, { n: 3 });
  await purses.delete({ n: 12 });
  expect(await maintenance.verify()).toMatchObject({ ok: true });
  await dataSource!.query('ALTER TABLE purse_rev DROP COLUMN secret');
  await expect(purses.save({ secret: 'd', n: 1 })).rejects.toThrow();
  await expect(purses.insert([1, 2].map((n) => ({ secret: 'e', n })))).rejects.toThrow();
}

describe('a PostgreSQL that logs all that it can', () => {
  let server: OwnPostgres | undefined;
  afterEach(() => server?.stop());

  // It starts a server of its own, because the setting of the tests' server would be everybody's.
  (databasesOfThisRun().includes('postgres') ? it : it.skip)(
    'logs nothing that gives the mask key back',
    async () => {
      server = await startPostgres([
        'log_statement = all',
        'log_min_duration_statement = 0',
        'log_min_error_statement = debug5',
        'log_parameter_max_length = -1',
        'log_parameter_max_length_on_error = -1',
        'log_error_verbosity = verbose',
      ]);
      await write(await open({ type: 'postgres', url: server.url }));
      const log = await server.log();
      expect(log).toMatch(/INSERT INTO "purse_rev"/);
      // The statement that makes the pad is logged, but not what it made.
      expect(log).toMatch(/set_config.*gen_random_uuid/);
      const traces = keyTraces(log, KEY, 'purse', 'secret');
      expect(traces).toMatchObject({ forms: [], pairs: [] });
      expect(traces.numbers).toBeGreaterThan(10);
    },
    60_000,
  );
});

for (const pgbouncer of pgbouncersOfThisRun())
  describe(`PgBouncer ${pgbouncer.version} in transaction mode`, () => {
    it('passes nothing of a mask key on to the next who gets the connection', async () => {
      const pooler = await startPooler(pgbouncer, 2);
      try {
        database = await createDatabase('postgres');
        const url = new URL((database.options as { url: string }).url);
        url.host = `127.0.0.1:${pooler.port}`;
        await write(await open({ type: 'postgres', url: url.href }));
        const pads = await Promise.all(
          [1, 2].map(() =>
            // Both at once, so that each has another connection of the server.
            dataSource!.transaction(async (manager) => {
              await manager.query('SELECT pg_sleep(0.2)');
              return manager.query<{ pad: string | null; pid: number }[]>(
                `SELECT current_setting('nestjs_typeorm_audit.pad', true) AS pad, pg_backend_pid() AS pid`,
              );
            }),
          ),
        );
        expect(new Set(pads.flat().map(({ pid }) => pid)).size).toBe(2);
        // What was set for a transaction is empty after it.
        expect(pads.flat().filter(({ pad }) => pad)).toEqual([]);
      } finally {
        await dataSource?.destroy();
        await pooler.stop();
      }
    });
  });

const names = databasesOfThisRun().filter((name) => name === 'mariadb' || name === 'mysql');

(names.length > 0 ? describe.each(names) : describe.skip.each(['no server'] as never[]))(
  'a connection of %s',
  (name) => {
    it('keeps nothing of a mask key after the statement that needed it', async () => {
      database = await createDatabase(name);
      const audit = await open({ ...database.options, extra: { connectionLimit: 1 } });
      const pad = async (manager = dataSource!.manager): Promise<unknown> =>
        (await manager.query<{ pad: unknown }[]>('SELECT @nestjs_typeorm_audit_pad AS pad'))[0].pad;
      await dataSource!.transaction(async (manager) => {
        await manager.getRepository(Purse).save({ secret: 'a', n: 1 });
        expect(await pad(manager)).toBeNull();
        await manager.getRepository(Purse).update({ n: 1 }, { secret: 'b' });
        expect(await pad(manager)).toBeNull();
      });
      await write(audit);
      expect(await pad()).toBeNull();
    });

    // The servers of the tests need not have a binary log: with one, MySQL 9.7 was seen to log the pad without this.
    it('has USER() in every statement that masks, so that MIXED binary logs get its rows and not its text', async () => {
      database = await createDatabase(name);
      const logger = new QueryRecorder();
      await write(await open({ ...database.options, logger, logging: true }));
      const masking = logger.statements.filter((text) => text.includes('@nestjs_typeorm_audit_pad'));
      expect(masking.length).toBeGreaterThan(5);
      expect(masking.filter((text) => !text.includes('USER()'))).toEqual([]);
    });
  },
);
