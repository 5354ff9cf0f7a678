import { describe, expect, it } from '@jest/globals';
import { type DataSource, type EntityManager } from 'typeorm';
import { allowOldSnapshots } from '../../support/locks/guarded-snapshots.js';
import {
  Booking,
  Guest,
  ISOLATIONS,
  type Isolation,
  describeLockTwins,
  Seat,
  SEATS,
} from '../../support/locks/lock-twins.js';

/** Far more than a write takes that waits for nobody. */
const WAITS_MS = 900;

type Write = (manager: EntityManager, id: number) => Promise<unknown>;

let number = 1_000;

const kinds: Record<string, Write> = {
  'save() of a new row': (manager) => manager.save(manager.create(Seat, { number: number++ })),
  'save() of a changed row': async (manager, id) => {
    const seat = await manager.findOneByOrFail(Seat, { id });
    return manager.save(Object.assign(seat, { taken: seat.taken + 1 }));
  },
  'insert()': (manager) => manager.insert(Seat, { number: number++ }),
  'update(id)': (manager, id) => manager.update(Seat, id, { taken: () => 'taken + 1' }),
  'update(criteria)': (manager, id) =>
    manager.update(Seat, { number: id * 10 }, { taken: () => 'taken + 1' }),
  'upsert()': (manager, id) => manager.upsert(Seat, { number: id * 10, taken: number++ }, ['number']),
  'delete(id)': (manager, id) => manager.delete(Seat, id),
  'softDelete(id)': (manager, id) => manager.softDelete(Seat, id),
  'increment()': (manager, id) => manager.increment(Seat, { id }, 'taken', 1),
};

const neighbours: Record<string, Write> = {
  'the next row': (manager, id) => manager.update(Seat, id + 1, { taken: 7 }),
  'the previous row': (manager, id) => manager.update(Seat, id - 1, { taken: 7 }),
  'a new row': (manager) => manager.insert(Seat, { number: number++ }),
  'a saved new row': (manager) => manager.save(manager.create(Seat, { number: number++ })),
  'another table': (manager) => manager.update(Guest, { number: 10 }, { taken: 7 }),
  'a row that refers to it': (manager, id) => manager.insert(Booking, { seatId: id }),
};

/** The neighbours that wait for a write whose transaction is open. */
async function waiting(
  dataSource: DataSource,
  isolation: Isolation,
  write: (manager: EntityManager) => Promise<unknown>,
  id: number,
): Promise<string[]> {
  const holder = dataSource.createQueryRunner();
  await holder.startTransaction(isolation);
  const waited: string[] = [];
  const running: Promise<unknown>[] = [];
  try {
    await write(holder.manager);
    for (const [name, neighbour] of Object.entries(neighbours)) {
      if (name === 'the next row' && id === SEATS) continue;
      const run = rolledBack(dataSource, isolation, (manager) => neighbour(manager, id));
      running.push(run);
      const timeout = new Promise((resolve) => setTimeout(resolve, WAITS_MS, 'waits').unref());
      if ((await Promise.race([run, timeout])) === 'waits') waited.push(name);
    }
  } finally {
    await holder.rollbackTransaction();
    await holder.release();
    await Promise.allSettled(running);
  }
  return waited;
}

async function rolledBack(
  dataSource: DataSource,
  isolation: Isolation,
  write: (manager: EntityManager) => Promise<unknown>,
): Promise<void> {
  const queryRunner = dataSource.createQueryRunner();
  await queryRunner.startTransaction(isolation);
  try {
    await write(queryRunner.manager);
  } finally {
    await queryRunner.rollbackTransaction();
    await queryRunner.release();
  }
}

describeLockTwins('while a transaction holds its write', (twins, name) => {
  /** @returns who waits with the library and not without it */
  const waitingMore = async (
    isolation: Isolation,
    id: number,
    write: (manager: EntityManager) => Promise<unknown>,
  ): Promise<string[]> => {
    const [audited, plain] = await Promise.all([
      waiting(twins().audited, isolation, write, id),
      waiting(twins().plain, isolation, write, id),
    ]);
    return audited.filter((neighbour) => !plain.includes(neighbour));
  };

  describe.each(ISOLATIONS)('at %s', (isolation) => {
    // There every read of InnoDB locks, those of newest revisions too.
    const isExcepted = isolation === 'SERIALIZABLE' && name !== 'postgres';

    describe.each(Object.entries(kinds))('%s', (_, write) => {
      (isExcepted ? it.skip : it)('lets its neighbours write', async () => {
        expect(await waitingMore(isolation, 5, (manager) => write(manager, 5))).toEqual([]);
      });

      (isExcepted ? it.skip : it)('of the newest row, after reading, lets others write', async () => {
        const write10 = async (manager: EntityManager): Promise<void> => {
          await manager.find(Seat);
          await write(manager, SEATS);
        };
        expect(await waitingMore(isolation, SEATS, write10)).toEqual([]);
      });
    });
  });

  it('a row that others have changed since it was read lets its neighbours write', async () => {
    const stale = (dataSource: DataSource) => async (manager: EntityManager) => {
      await allowOldSnapshots(manager);
      await manager.find(Seat);
      await dataSource.manager.update(Seat, 5, { taken: () => 'taken + 1' });
      await dataSource.manager.update(Seat, 5, { taken: () => 'taken + 1' });
      await manager.update(Seat, 5, { taken: () => 'taken + 1' });
    };
    const isolation = name === 'postgres' ? 'READ COMMITTED' : 'REPEATABLE READ';
    const waited = await waiting(twins().audited, isolation, stale(twins().audited), 5);
    const plain = await waiting(twins().plain, isolation, stale(twins().plain), 5);
    expect(waited.filter((neighbour) => !plain.includes(neighbour))).toEqual([]);
  });
});
