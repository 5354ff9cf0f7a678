import { expect, it } from '@jest/globals';
import { type EntityManager, type QueryRunner } from 'typeorm';
import { refuseRevisions } from '../../support/faults/refused-accounts.js';
import { describeTwins, isMysql, settled } from '../../support/worlds/twins.js';
import { type World, worldNames } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

/** Waits until the server says that a transaction in the test's database waits for a lock. */
async function untilSomebodyWaits({ dataSource }: World): Promise<void> {
  for (let n = 0; n < 60; n++) {
    const rows = await dataSource.query<unknown[]>(
      // Other tests use the same server.
      `SELECT 1 FROM information_schema.innodb_trx t JOIN information_schema.processlist p ` +
        `ON p.id = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()`,
    );
    if (rows.length > 0) return;
    // The server keeps what it has told for as long as it is asked again within 100 ms.
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Error('Nobody waited for a lock.');
}

/** Has a transaction of another connection hold a row, in such a way that `enter` ends in a deadlock for its caller. */
async function deadlock(world: World, victim: EntityManager, held: number, wanted: number): Promise<unknown> {
  const other = world.dataSource.createQueryRunner();
  await other.query('START TRANSACTION');
  try {
    // The transaction that has changed more rows wins.
    await other.query('UPDATE ballast SET n = n + 1');
    await other.query(`UPDATE account SET balance = 70 WHERE id = ${wanted}`);
    const waiting = other.query(`UPDATE account SET balance = 70 WHERE id = ${held}`);
    await untilSomebodyWaits(world);
    const outcome = await settled(victim.update(Account, wanted, { balance: 9 }));
    await waiting;
    return outcome;
  } finally {
    await other.query('ROLLBACK');
    await other.release();
  }
}

async function prepare(world: World): Promise<void> {
  await refuseRevisions(world);
  await world.dataSource.query('CREATE TABLE ballast (id int primary key, n int)');
  const rows = Array.from({ length: 50 }, (_, n) => `(${n}, 0)`).join();
  await world.dataSource.query(`INSERT INTO ballast VALUES ${rows}`);
}

/** Ends a deadlock that takes all of a transaction back, and repeats the work on the same runner, as some do. */
async function withRetry(
  world: World,
  runner: QueryRunner,
  again: () => Promise<unknown>,
): Promise<unknown[]> {
  const { manager } = runner;
  await world.manager.insert(Account, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  await runner.startTransaction();
  await manager.update(Account, 1, { balance: 5 });
  const outcome = await deadlock(world, manager, 1, 2);
  await again();
  return [outcome, await settled(runner.commitTransaction()), await world.manager.find(Account)];
}

describeTwins(
  'a deadlock that has ended the transaction',
  { entities: [Account], prepare },
  (twins) => {
    it.each([
      ['update()', (manager: EntityManager) => manager.update(Account, 3, { balance: 5 })],
      ['save()', (manager: EntityManager) => manager.save(Account, { id: 3, balance: 5 })],
      ['a query', (manager: EntityManager) => manager.query('SELECT 1')],
      ['nothing', () => Promise.resolve()],
    ] as const)('lets the application go on with %s on the same query runner', async (_, again) => {
      const revisions = await twins().play(async (world) => {
        const runner = world.dataSource.createQueryRunner();
        try {
          return await withRetry(world, runner, () => again(runner.manager));
        } finally {
          await runner.release();
        }
      });
      expect(revisions.slice(3)).toEqual(
        (await twins().audited.manager.findOneByOrFail(Account, { id: 3 })).balance === 5
          ? ['B: account 3 v2 update']
          : [],
      );
    });
  },
  worldNames(true).filter(isMysql),
);
