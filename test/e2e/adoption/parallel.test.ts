import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, MoreThan } from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { Reservation } from '../../support/entities/reservation.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import {
  createDatabase,
  databasesOfThisRun,
  skipForWantOfServers,
  type TestDatabase,
} from '../../support/servers/databases.js';

const ROWS = 1500;
const WRITERS = 8;

const servers = databasesOfThisRun().filter((name) => name !== 'sqlite');
if (servers.length === 0) skipForWantOfServers('first writes in parallel');
else
  describe.each(servers)('first writes in parallel (%s)', (name) => {
    let database: TestDatabase;
    let dataSource: DataSource;

    beforeAll(async () => {
      database = await createDatabase(name);
      dataSource = await new DataSource({
        ...database.options,
        entities: [Reservation],
        synchronize: true,
        [name === 'postgres' ? 'poolSize' : 'connectionLimit']: WRITERS + 2,
      }).initialize();
      attachAudit(dataSource);
      const values = Array.from({ length: ROWS }, (_, n) => `(${n + 1}, 0)`);
      await dataSource.query(`INSERT INTO reservation (id, party) VALUES ${values.join(', ')}`);
    });

    afterAll(async () => {
      await dataSource?.destroy();
      await database?.drop();
    });

    // Several rows in the order of their keys: TypeORM alone has deadlocks otherwise.
    it('of the same and of neighbouring rows, end without a deadlock, and leave one baseline of each', async () => {
      const reservations = dataSource.getRepository(Reservation);
      const writer = async (number: number): Promise<void> => {
        for (let first = 1; first <= ROWS - 10; first += 12) {
          const ids = [first, first + 1 + (number % 3), first + 6];
          if (number % 4 === 0) await reservations.update(ids[0], { party: () => 'party + 1' });
          else if (number % 4 === 1)
            await reservations.update({ id: ids[1], party: MoreThan(-1) }, { party: () => 'party + 1' });
          else if (number % 4 === 2)
            await reservations.save(ids.map((id) => ({ id, party: number * 10_000 + first })));
          else
            await dataSource.transaction(async (manager) => {
              const row = await manager.findOneByOrFail(Reservation, { id: ids[0] });
              await manager.update(Reservation, row.id, { party: () => 'party + 1' });
              await manager.save(Reservation, { id: ids[2], party: number * 10_000 + first });
            });
        }
      };
      await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)));
      const baselines = await dataSource
        .getRepository(revisionOf(Reservation))
        .findBy({ revOperation: 'baseline' });
      expect(new Set(baselines.map(({ id }) => id)).size).toBe(baselines.length);
      expect(baselines.every(({ revVersion, party }) => revVersion === 1 && party === 0)).toBe(true);
      expect(baselines.length).toBeGreaterThan(ROWS / 4);
      await attachAudit(dataSource).maintenance.backfill();
      await expectInvariants(dataSource);
    }, 120_000);
  });
