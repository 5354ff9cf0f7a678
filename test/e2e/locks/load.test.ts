import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { type DataSource, type EntityManager } from 'typeorm';
import { allowOldSnapshots } from '../../support/locks/guarded-snapshots.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { Guest, describeLockTwins, Seat, SEATS } from '../../support/locks/lock-twins.js';

const WORKERS = 12;
const WRITES = process.env.LONG ? 3_000 : 240;

type Work = (manager: EntityManager, n: number) => Promise<unknown>;

const row = (n: number): number => (n % SEATS) + 1;
const spread = (n: number): number => 100_000 + ((n * 7_919) % 1_000_003);
/** Changes two rows of two tables, always in this order. */
const both = (manager: EntityManager, n: number): Promise<unknown> =>
  manager.transaction(async (inner) => {
    const seat = await inner.findOneByOrFail(Seat, { id: row(n) });
    await inner.save(Object.assign(seat, { taken: n }));
    await inner.increment(Guest, { number: row(n) * 10 }, 'taken', 1);
  });

/** Kinds of load in which the writes of one need not wait for those of another for long, and never in a circle. */
const loads: Record<string, Work> = {
  'saves new numbered rows': (manager, n) => manager.save(manager.create(Seat, { number: spread(n) })),
  'inserts uuid rows': (manager, n) => manager.insert(Guest, { id: randomUUID(), number: spread(n) }),
  updates: (manager, n) => manager.update(Seat, row(n), { taken: n }),
  'increments by criteria': (manager, n) => manager.increment(Seat, { number: row(n) * 10 }, 'taken', 1),
  'saves rows of two tables in a transaction': both,
  'upserts by key, unique values apart': (manager, n) =>
    manager.upsert(Guest, { id: randomUUID(), number: spread(n) + 2_000_000 }, ['id']),
  'upserts by key, unique values adjacent': (manager, n) =>
    manager.upsert(Guest, { id: randomUUID(), number: 9_000_000 + n }, ['id']),
  'deletes rows and inserts them again under their keys': async (manager, n) => {
    const id = `guest ${n % WORKERS}-${n}`;
    await manager.insert(Guest, { id, number: 30_000_000 + n });
    await manager.delete(Guest, id);
    await manager.insert(Guest, { id, number: 30_000_000 + n });
  },
  'inserts and deletes': async (manager, n) => {
    const { identifiers } = await manager.insert(Seat, { number: 20_000_000 + n });
    await manager.delete(Seat, identifiers[0].id);
  },
};

/** The failures of many writes by some workers at once. */
async function failures({ manager }: DataSource, work: Work): Promise<string[]> {
  const failed: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < WRITES; n = next++)
      await work(manager, n).catch((error: unknown) => failed.push(String(error)));
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return failed;
}

describeLockTwins('twelve workers', (twins, name) => {
  it.each(Object.entries(loads))(
    'fail no more often than without audit: %s',
    async (_, work) => {
      const audited = await failures(twins().audited, work);
      const plain = audited.length === 0 ? [] : await failures(twins().plain, work);
      if (plain.length === 0) expect(audited).toEqual([]);
      await expectInvariants(twins().audited);
    },
    process.env.LONG ? 600_000 : 60_000,
  );

  it('don’t deadlock when one updates rows 2 and 4 and another 3 and 1', async () => {
    const isolation = name === 'postgres' ? 'READ COMMITTED' : 'REPEATABLE READ';
    const [a, b] = [twins().audited.createQueryRunner(), twins().audited.createQueryRunner()];
    const update = (runner: typeof a, id: number): Promise<unknown> =>
      runner.manager.update(Seat, id, { taken: () => 'taken + 1' });
    try {
      await a.startTransaction(isolation);
      await b.startTransaction(isolation);
      await update(b, 2);
      await update(a, 4);
      await Promise.all([update(b, 3), update(a, 1)]);
      await Promise.all([a.commitTransaction(), b.commitTransaction()]);
    } finally {
      for (const runner of [a, b]) {
        if (runner.isTransactionActive) await runner.rollbackTransaction();
        await runner.release();
      }
    }
    await expectInvariants(twins().audited);
  });

  it('a value that is written back by a transaction that has read before it changed is recorded', async () => {
    if (name === 'postgres') return;
    const reader = twins().audited.createQueryRunner();
    try {
      await twins().audited.manager.update(Seat, 1, { taken: 1 });
      await allowOldSnapshots(reader.manager);
      await reader.startTransaction('REPEATABLE READ');
      await reader.manager.find(Seat);
      await twins().audited.manager.update(Seat, 1, { taken: 2 });
      await reader.manager.update(Seat, 1, { taken: 1 });
      await reader.commitTransaction();
    } finally {
      await reader.release();
    }
    await expectInvariants(twins().audited);
  });
});
