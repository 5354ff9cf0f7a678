import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataSourceOptions } from 'typeorm';
import { type AuditOptions } from '../../../src/audit.options.js';
import { PreparedStatementError } from '../../../src/audit.errors.js';
import { expectHistory, type Life, live, openLife } from '../../support/worlds/compact-life.js';
import { databasesOfThisRun, skipForWantOfServers } from '../../support/servers/databases.js';
import { pgbouncersOfThisRun, type Pooler, startPooler } from '../../support/servers/pgbouncer.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

const databases = databasesOfThisRun();
const names = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay'];

type Choice = AuditOptions['preparedStatements'];

/** Lives, audited, in as many connections as there are names, one beside another. */
const liveTogether = (life: Life): Promise<unknown[]> => Promise.all(names.map((name) => live(life, name)));

if (databases.every((database) => database === 'sqlite')) skipForWantOfServers('poolers');

for (const pgbouncer of pgbouncersOfThisRun())
  describe(`PgBouncer ${pgbouncer.version} in transaction mode`, () => {
    let pooler: Pooler;
    beforeAll(async () => {
      pooler = await startPooler(pgbouncer, 3);
    });
    afterAll(() => pooler?.stop());

    const through = (options: DataSourceOptions): object => {
      const url = new URL((options as { url: string }).url);
      url.host = `127.0.0.1:${pooler.port}`;
      return { url: url.href };
    };

    /** @returns the statements that failed */
    async function expectAsWithout(audit: AuditOptions): Promise<string[]> {
      const logger = new QueryRecorder();
      const plain = await openLife('postgres', through, false);
      const audited = await openLife('postgres', (options) => ({ ...through(options), logger }), audit);
      try {
        expect(await liveTogether(audited)).toEqual(await liveTogether(plain));
        for (const name of names) await expectHistory(audited, name);
      } finally {
        await plain.close();
        await audited.close();
      }
      return logger.failed;
    }

    it.each<Choice>(['auto', false, ...(pgbouncer.passesStatements ? [true] : [])])(
      'changes nothing, and no statement fails, with preparedStatements: %s',
      async (preparedStatements) => {
        expect(await expectAsWithout({ preparedStatements })).toEqual([]);
      },
      60_000,
    );

    it('is found out although the replication’s master is reached directly', async () => {
      const life = await openLife(
        'postgres',
        (options) => ({
          url: undefined,
          replication: { master: { url: (options as { url: string }).url }, slaves: [through(options)] },
        }),
        {},
      );
      try {
        await liveTogether(life);
        await Promise.all(names.map((name) => expectHistory(life, name)));
      } finally {
        await life.close();
      }
    });

    if (!pgbouncer.passesStatements)
      it('is named with the remedy where preparedStatements: true needs what it can’t do', async () => {
        const life = await openLife('postgres', through, { preparedStatements: true });
        try {
          const results = await Promise.allSettled(names.map((name) => live(life, name)));
          const errors = results.flatMap((result) =>
            result.status === 'rejected' ? [result.reason as unknown] : [],
          );
          expect(errors.length).toBeGreaterThan(0);
          for (const error of errors) {
            expect(error).toBeInstanceOf(PreparedStatementError);
            expect((error as Error).message).toContain('preparedStatements: false');
          }
        } finally {
          await life.close();
        }
      });
  });

if (databases.includes('postgres'))
  describe('a connection to PostgreSQL itself', () => {
    it.each<[Choice, boolean]>([
      [undefined, true],
      [true, true],
      [false, false],
    ])('keeps statements with preparedStatements: %s → %s', async (preparedStatements, isKept) => {
      const life = await openLife('postgres', () => ({ poolSize: 1 }), { preparedStatements });
      try {
        await live(life);
        await expectHistory(life);
        const [{ kept }] = await life.dataSource.query<{ kept: number }[]>(
          `SELECT count(*)::int AS kept FROM pg_prepared_statements WHERE name LIKE 'audit\\_%'`,
        );
        expect(kept > 0).toBe(isKept);
      } finally {
        await life.close();
      }
    });
  });

for (const name of databases.filter((database) => database === 'mariadb' || database === 'mysql'))
  describe(`a connection to ${name}`, () => {
    it.each<[Choice, boolean]>([
      [undefined, true],
      [false, false],
    ])('prepares statements with preparedStatements: %s → %s', async (preparedStatements, isPrepared) => {
      const life = await openLife(name, () => ({ extra: { connectionLimit: 1 } }), { preparedStatements });
      try {
        await live(life);
        await expectHistory(life);
        const [{ Value: prepared }] = await life.dataSource.query<{ Value: string }[]>(
          `SHOW SESSION STATUS LIKE 'Com_stmt_prepare'`,
        );
        expect(Number(prepared) > 0).toBe(isPrepared);
      } finally {
        await life.close();
      }
    });
  });
