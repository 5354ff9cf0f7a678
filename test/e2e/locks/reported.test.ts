import { expect, it } from '@jest/globals';
import { type DataSource, type EntityManager } from 'typeorm';
import { type DatabaseName } from '../../support/servers/databases.js';
import { guardsSnapshots } from '../../support/locks/guarded-snapshots.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { Guest, describeLockTwins, Seat } from '../../support/locks/lock-twins.js';

/** What users have seen under load, each beside the same without audit. */
describeLockTwins(
  'writes at the same time',
  (twins, name) => {
    it('300 unrelated inserts of numbered rows by 12 workers fail no more often at SERIALIZABLE', async () => {
      // On InnoDB each read locks there, with audit and without.
      if (name !== 'postgres') return;
      const insert = (manager: EntityManager, n: number): Promise<unknown> =>
        manager.transaction('SERIALIZABLE', (inner) => inner.insert(Seat, { number: 1_000_000 + n * 13 }));
      const save = (manager: EntityManager, n: number): Promise<unknown> =>
        manager.transaction('SERIALIZABLE', (inner) =>
          inner.save(inner.create(Seat, { number: 5_000_000 + n * 13 })),
        );
      for (const work of [insert, save]) {
        expect(await failures(twins().plain, 12, 300, work)).toEqual([]);
        expect(await failures(twins().audited, 12, 300, work)).toEqual([]);
      }
      await expectInvariants(twins().audited);
    });

    it.each([
      ['apart', (n: number): number => 1_000_003 + ((n * 7_919) % 900_001)],
      ['adjacent', (n: number): number => 20_000_000 + n],
    ])(
      'upserts by the key, where another unique column gets a new value, don’t deadlock with values %s',
      async (_, valueOf) => {
        const guests = await twins().audited.manager.find(Guest);
        const others = await twins().plain.manager.find(Guest);
        const upsert =
          (rows: readonly Guest[]) =>
          (manager: EntityManager, n: number): Promise<unknown> =>
            manager.upsert(Guest, { id: rows[n % rows.length].id, number: valueOf(n), taken: n }, ['id']);
        const plain = await failures(twins().plain, 16, 300, upsert(others));
        const audited = await failures(twins().audited, 16, 300, upsert(guests));
        expect(audited.length).toBeLessThanOrEqual(plain.length);
        await expectInvariants(twins().audited);
      },
    );

    it('inserts go on while an open transaction has changed the newest row', async () => {
      const { manager } = twins().audited;
      const { id } = await manager.save(manager.create(Seat, { number: 40_000_000 }));
      const holder = twins().audited.createQueryRunner();
      try {
        await holder.startTransaction();
        await holder.manager.update(Seat, id, { taken: 1 });
        const inserts = Array.from({ length: 8 }, (_, n) => manager.insert(Seat, { number: 41_000_000 + n }));
        expect(await within(5_000, Promise.all(inserts))).toHaveLength(8);
        await holder.commitTransaction();
      } finally {
        await holder.release();
      }
      await expectInvariants(twins().audited);
    });

    it.each<[string, (manager: EntityManager) => Promise<{ affected?: number | null }>]>([
      ['an update', (manager) => manager.update(Seat, { row: 'free' }, { taken: 2 })],
      ['an increment', (manager) => manager.increment(Seat, { row: 'free' }, 'taken', 1)],
      ['a delete', (manager) => manager.delete(Seat, { row: 'free' })],
    ])('%s by an unindexed criterion waits for no more rows at READ COMMITTED', async (kind, write) => {
      const waits = [];
      for (const dataSource of [twins().plain, twins().audited])
        waits.push(await waitsBesideHeldRow(dataSource, name, write));
      // A plain DELETE waits on InnoDB, too, and a plain UPDATE where MariaDB guards snapshots.
      const isWaitOfInnodb = name !== 'postgres' && kind === 'a delete';
      if (!isWaitOfInnodb && !(await guardsSnapshots(twins().plain.manager))) expect(waits[0]).toBe(false);
      expect(waits[1]).toBe(waits[0]);
      await expectInvariants(twins().audited);
    });
  },
  16,
);

let number = 50_000_000;

/** Whether a write of one row waits while another connection holds another row. */
async function waitsBesideHeldRow(
  dataSource: DataSource,
  name: DatabaseName,
  write: (manager: EntityManager) => Promise<{ affected?: number | null }>,
): Promise<boolean> {
  const held = ++number;
  await dataSource.manager.delete(Seat, { row: 'free' });
  await dataSource.manager.insert(Seat, [
    { number: held, row: 'held' },
    { number: ++number, row: 'free' },
  ]);
  const holder = dataSource.createQueryRunner();
  const writer = dataSource.createQueryRunner();
  try {
    await holder.startTransaction('READ COMMITTED');
    await holder.manager.update(Seat, { number: held }, { taken: 1 });
    // A level of the session, as an application's connection has it: it holds for what isn't in a transaction.
    await writer.query(levelOfSession(name));
    const writing = write(writer.manager);
    const hasWaited = await within(1_500, writing).then(
      () => false,
      () => true,
    );
    await holder.commitTransaction();
    expect((await writing).affected).toBe(1);
    return hasWaited;
  } finally {
    if (holder.isTransactionActive) await holder.rollbackTransaction();
    await holder.release();
    await writer.release();
  }
}

function levelOfSession(name: DatabaseName): string {
  return name === 'postgres'
    ? 'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED'
    : 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED';
}

/** The failures of many writes by some workers at once. */
async function failures(
  { manager }: DataSource,
  workers: number,
  writes: number,
  work: (manager: EntityManager, n: number) => Promise<unknown>,
): Promise<string[]> {
  const failed: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < writes; n = next++)
      await work(manager, n).catch((error: unknown) => failed.push(String(error)));
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return failed;
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It waited for ${ms} ms.`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
