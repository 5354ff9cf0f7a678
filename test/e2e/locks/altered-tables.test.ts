import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { Reservation } from '../../support/entities/reservation.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import {
  createDatabase,
  databasesOfThisRun,
  skipForWantOfServers,
  type TestDatabase,
} from '../../support/servers/databases.js';

const ROWS = 40;
const WRITERS = 6;
const ALTERS_FOR_MS = 1500;

const servers = databasesOfThisRun().filter((name) => name === 'mariadb' || name === 'mysql');
if (servers.length === 0) skipForWantOfServers('writes beside ALTER TABLE');
else
  describe.each(servers)('writes beside ALTER TABLE (%s)', (name) => {
    let database: TestDatabase;
    let dataSource: DataSource;

    beforeEach(async () => {
      database = await createDatabase(name);
      dataSource = await new DataSource({
        ...database.options,
        entities: [Reservation],
        synchronize: true,
        poolSize: WRITERS + 2,
      } as DataSourceOptions).initialize();
    });

    afterEach(async () => {
      await dataSource?.destroy();
      await database?.drop();
    });

    const writes: Record<string, (id: number, n: number) => Promise<unknown>> = {
      'update(id)': (id) => dataSource.getRepository(Reservation).update(id, { party: () => 'party + 1' }),
      'save()': (id, n) => dataSource.getRepository(Reservation).save({ id, party: n }),
      'save() of several rows': (id, n) =>
        dataSource
          .getRepository(Reservation)
          .save([id, id + 1, id + 2].map((one) => ({ id: one, party: n }))),
      'update(criteria)': (id) =>
        dataSource.getRepository(Reservation).update({ id, party: 1 }, { party: () => 'party + 1' }),
    };

    it.each(Object.keys(writes).flatMap((kind) => [true, false].map((isComplete) => ({ kind, isComplete }))))(
      '$kind is never refused; the table is complete: $isComplete',
      async ({ kind, isComplete }) => {
        const rows = Array.from({ length: isComplete ? ROWS : 3000 }, (_, n) => ({ id: n + 1, party: 1 }));
        if (isComplete) {
          await attachAudit(dataSource).checkTables();
          await dataSource.getRepository(Reservation).insert(rows);
        } else {
          const values = rows.map(({ id }) => `(${id}, 1)`).join(', ');
          await dataSource.query(`INSERT INTO reservation (id, party) VALUES ${values}`);
          await attachAudit(dataSource).checkTables();
        }
        // What a process looks at once, its first transactions read before the write.
        await writes[kind](1, 2);
        let isOver = false;
        let n = 0;
        const writer = async (number: number): Promise<void> => {
          while (!isOver) await writes[kind](1 + ((++n * 7 + number) % (rows.length - 2)), 2 + n);
        };
        const alter = async (): Promise<void> => {
          const until = Date.now() + ALTERS_FOR_MS;
          for (let added = 1; Date.now() < until; added++) {
            await dataSource.query(`ALTER TABLE reservation_rev ADD COLUMN added int NULL`);
            await dataSource.query(`ALTER TABLE reservation_rev DROP COLUMN added`);
            await sleep(added % 20);
          }
          isOver = true;
        };
        const all = await Promise.allSettled([
          alter(),
          ...Array.from({ length: WRITERS }, (_, number) => writer(number)),
        ]);
        isOver = true;
        const errors = all.flatMap((one) =>
          one.status === 'rejected' ? [(one.reason as Error).message] : [],
        );
        expect(errors).toEqual([]);
        expect(n).toBeGreaterThan(WRITERS);
        await attachAudit(dataSource).maintenance.backfill();
        await expectInvariants(dataSource);
      },
      60_000,
    );

    it('are recorded though the application has no right to change its history', async () => {
      attachAudit(dataSource);
      await dataSource.getRepository(Reservation).insert({ id: 1, party: 1 });
      const { database: schema } = database.options as { database: string };
      const user = `app_${schema.slice(-8)}`;
      await dataSource.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret'`);
      try {
        await dataSource.query(`GRANT SELECT, INSERT ON \`${schema}\`.* TO '${user}'@'%'`);
        await dataSource.query(`GRANT UPDATE, DELETE ON \`${schema}\`.reservation TO '${user}'@'%'`);
        const own = await new DataSource({
          ...database.options,
          entities: [Reservation],
          username: user,
          password: 'secret',
        } as DataSourceOptions).initialize();
        attachAudit(own);
        const reservations = own.getRepository(Reservation);
        await reservations.update(1, { party: 2 });
        await reservations.save([
          { id: 1, party: 3 },
          { id: 2, party: 1 },
        ]);
        await reservations.delete(2);
        await expectInvariants(own);
        await own.destroy();
      } finally {
        await dataSource.query(`DROP USER '${user}'@'%'`);
      }
    });
  });
