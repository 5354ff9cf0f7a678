import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataSource, type EntityManager } from 'typeorm';
import { databasesOfThisRun, skipForWantOfServers } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { Guest, openTwins, type Twins } from '../../support/locks/lock-twins.js';

const CONNECTIONS = 8;
const WRITES = 200;

if (!databasesOfThisRun().includes('mariadb')) skipForWantOfServers('MariaDB that guards snapshots');
else
  // The default from 11.6.2 on: a write fails that finds a row newer than its transaction's snapshot.
  describe('MariaDB with innodb_snapshot_isolation', () => {
    let twins: Twins;

    beforeAll(async () => {
      twins = await openTwins('mariadb', CONNECTIONS, guardSnapshots);
    });
    afterAll(() => twins?.close());

    it.each<[string, (manager: EntityManager, guests: Guest[], n: number) => Promise<unknown>]>([
      [
        'an upsert',
        (manager, guests, n) =>
          manager.upsert(Guest, { ...guests[n % 4], taken: n }, { conflictPaths: ['id'] }),
      ],
      [
        'an upsert of several rows',
        (manager, guests, n) =>
          manager.upsert(
            Guest,
            guests.slice(0, 3).map((guest) => ({ ...guest, taken: n })),
            { conflictPaths: ['id'] },
          ),
      ],
      ['an update by id', (manager, guests, n) => manager.update(Guest, guests[n % 4].id, { taken: n })],
      [
        'an update by criteria',
        (manager, guests, n) => manager.update(Guest, { number: guests[n % 4].number }, { taken: n }),
      ],
      ['a save', (manager, guests, n) => manager.save(Guest, { ...guests[n % 4], taken: n })],
    ])('lets %s of rows that others write at the same time succeed, as without audit', async (_, write) => {
      for (const dataSource of [twins.plain, twins.audited]) {
        const guests = await dataSource.manager.find(Guest, { order: { id: 'ASC' }, take: 4 });
        let next = 0;
        const failed: string[] = [];
        const worker = async (): Promise<void> => {
          for (let n = next++; n < WRITES; n = next++)
            await write(dataSource.manager, guests, n).catch((error: unknown) => failed.push(String(error)));
        };
        await Promise.all(Array.from({ length: CONNECTIONS }, worker));
        expect(failed).toEqual([]);
      }
      await expectInvariants(twins.audited);
    });
  });

/** On every connection of the pool. */
async function guardSnapshots(dataSource: DataSource): Promise<void> {
  const runners = Array.from({ length: CONNECTIONS }, () => dataSource.createQueryRunner());
  await Promise.all(runners.map((runner) => runner.query('SET SESSION innodb_snapshot_isolation = ON')));
  await Promise.all(runners.map((runner) => runner.release()));
}
