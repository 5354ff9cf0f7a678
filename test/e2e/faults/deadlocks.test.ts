import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { type QueryRunner } from 'typeorm';
import { UnrecordedWriteError } from '../../../src/audit.errors.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { ACCOUNT_WRITE, atStatement, hasActed, StatementGate } from '../../support/faults/statement-gate.js';
import { isMysql, isSqlite, revisionsOf } from '../../support/worlds/twins.js';
import { describeWorlds, worldNames } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

/** Has another transaction hold what the revision of account 1 needs, and then want account 1: a deadlock. */
async function holdAndWant(other: QueryRunner, isMysqlServer: boolean): Promise<Promise<unknown>[]> {
  await other.query('START TRANSACTION');
  if (isMysqlServer) {
    // The transaction that has changed more rows wins.
    await other.query('UPDATE ballast SET n = n + 1');
    await other.query('SELECT * FROM account_rev FOR UPDATE');
  } else {
    // The one that looks for deadlocks first loses.
    await other.query(`SET LOCAL deadlock_timeout = '30s'`);
    await other.query('LOCK TABLE account_rev IN EXCLUSIVE MODE');
  }
  return [other.query('UPDATE account SET balance = 70 WHERE id = 1').catch((error: unknown) => error)];
}

describeWorlds(
  'a deadlock in the revision',
  { entities: [Account], subscribers: [StatementGate] },
  (world, name) => {
    const code = isMysql(name) ? 'ER_LOCK_DEADLOCK' : '40P01';
    let other: QueryRunner;
    let waiting: Promise<unknown>[] = [];

    beforeAll(async () => {
      const { dataSource } = world();
      await dataSource.query('CREATE TABLE ballast (id int primary key, n int)');
      const rows = Array.from({ length: 50 }, (_, n) => `(${n}, 0)`).join();
      await dataSource.query(`INSERT INTO ballast VALUES ${rows}`);
    });
    afterEach(async () => {
      atStatement(undefined);
      await Promise.all(waiting);
      await other.query('ROLLBACK');
      await other.release();
    });

    const prepare = async (): Promise<QueryRunner> => {
      const { dataSource, manager } = world();
      await world().reset();
      waiting = [];
      await manager.insert(Account, [{ id: 1 }, { id: 2 }]);
      other = dataSource.createQueryRunner();
      const runner = dataSource.createQueryRunner();
      await runner.connect();
      const act = async (): Promise<void> => void (waiting = await holdAndWant(other, isMysql(name)));
      atStatement({ when: 'after', statement: ACCOUNT_WRITE, act });
      return runner;
    };
    const end = async (): Promise<void> => {
      expect(hasActed()).toBe(true);
      await Promise.all(waiting);
      await other.query('ROLLBACK');
    };

    it('has a write outside of a transaction tried again, which is recorded once', async () => {
      const runner = await prepare();
      const written = runner.manager.update(Account, 1, { balance: 5 });
      // The other one's update got through, as ours was taken back.
      while (waiting.length === 0) await sleep(5);
      await end();
      expect(await written).toMatchObject({ affected: 1 });
      await runner.manager.update(Account, 2, { balance: 6 });
      await runner.release();
      expect((await revisionsOf(world())).slice(2)).toEqual([
        'B: account 1 v2 update',
        'C: account 2 v2 update',
      ]);
      await expectInvariants(world().dataSource);
    });

    it('ends the transaction, so that what is repeated on the same query runner is recorded once', async () => {
      const runner = await prepare();
      await runner.startTransaction();
      await expect(runner.manager.update(Account, 1, { balance: 5 })).rejects.toMatchObject({ code });
      await end();
      const again = await runner.manager.update(Account, 1, { balance: 5 }).catch((error: unknown) => error);
      const committed = await runner.commitTransaction().catch((error: unknown) => error);
      if (isMysql(name)) {
        expect(again).toMatchObject({ affected: 1 });
        expect(committed).toBeUndefined();
        expect((await revisionsOf(world())).slice(2)).toEqual(['B: account 1 v2 update']);
      } else {
        // PostgreSQL refuses whatever comes until the ROLLBACK.
        expect(again).toMatchObject({ code: '25P02' });
        expect(committed).toBeInstanceOf(UnrecordedWriteError);
        expect(committed).toMatchObject({ code });
        await runner.rollbackTransaction();
        expect((await revisionsOf(world())).slice(2)).toEqual([]);
      }
      await runner.release();
      await expectInvariants(world().dataSource);
    });
  },
  worldNames(true).filter((each) => !isSqlite(each)),
);
