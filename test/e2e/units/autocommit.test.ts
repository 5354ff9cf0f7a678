import { expect, it } from '@jest/globals';
import { type QueryRunner } from 'typeorm';
import { UnrecordedWriteError } from '../../../src/audit.errors.js';
import { refuseRevisions, UNRECORDABLE } from '../../support/faults/refused-accounts.js';
import { describeTwins, isMysql, revisionsOf } from '../../support/worlds/twins.js';
import { type World, worldNames } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

/** Runs a function with a query runner whose statements begin a transaction by themselves. */
async function withoutAutocommit<T>(
  { dataSource }: World,
  fn: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  await runner.query('SET autocommit = 0');
  try {
    return await fn(runner);
  } finally {
    await runner.query('ROLLBACK');
    await runner.query('SET autocommit = 1');
    await runner.release();
  }
}

const count = ({ manager }: World): Promise<number> => manager.countBy(Account, {});

const options = { entities: [Account], prepare: refuseRevisions };

describeTwins(
  'SET autocommit = 0',
  options,
  (twins) => {
    it('leaves the end of the transaction to the application', async () => {
      const revisions = await twins().play((world) =>
        withoutAutocommit(world, async (runner) => {
          const counts = [];
          await runner.manager.insert(Account, { id: 1 });
          counts.push(await count(world));
          await runner.query('ROLLBACK');
          await runner.manager.insert(Account, { id: 2 });
          await runner.manager.update(Account, 2, { balance: 2 });
          counts.push(await count(world));
          await runner.query('COMMIT');
          counts.push(await count(world));
          await runner.manager.delete(Account, 2);
          await runner.query('COMMIT');
          return [...counts, await count(world)];
        }),
      );
      expect(revisions).toEqual([
        'A: account 2 v1 insert',
        'A: account 2 v2 update',
        'B: account 2 v3 delete',
      ]);
    });

    it('commits with the statement that sets it back', async () => {
      const revisions = await twins().play((world) =>
        withoutAutocommit(world, async (runner) => {
          await runner.manager.insert(Account, { id: 1 });
          await runner.query('SET autocommit = 1');
          await runner.manager.insert(Account, { id: 2 });
          await runner.manager.insert(Account, { id: 3 });
          return count(world);
        }),
      );
      expect(revisions).toEqual([
        'A: account 1 v1 insert',
        'B: account 2 v1 insert',
        'C: account 3 v1 insert',
      ]);
    });

    it('commits no write that has no revision', async () => {
      const { audited } = twins();
      await audited.reset();
      await withoutAutocommit(audited, async (runner) => {
        await expect(runner.manager.insert(Account, { id: 1, code: UNRECORDABLE })).rejects.toThrow(
          UNRECORDABLE,
        );
        await expect(runner.query('COMMIT')).rejects.toThrow(UnrecordedWriteError);
        await expect(runner.query('BEGIN')).rejects.toThrow(UnrecordedWriteError);
        await expect(runner.query('SET autocommit = 1')).rejects.toThrow(UnrecordedWriteError);
        await expect(runner.query('CREATE TABLE committed (id int)')).rejects.toThrow(UnrecordedWriteError);
        await runner.query('ROLLBACK');
        await runner.manager.insert(Account, { id: 2 });
        await runner.query('COMMIT');
      });
      expect(await revisionsOf(audited)).toEqual(['A: account 2 v1 insert']);
      expect(await count(audited)).toBe(1);
    });

    it('has a rev_transaction for what each BEGIN has committed', async () => {
      const revisions = await twins().play(async (world) => {
        const runner = world.dataSource.createQueryRunner();
        try {
          await runner.query('BEGIN');
          await runner.manager.insert(Account, { id: 1 });
          await runner.query('BEGIN');
          await runner.manager.insert(Account, { id: 2 });
          await runner.query('ROLLBACK');
          await runner.query('BEGIN');
          await runner.manager.insert(Account, { id: 3 });
          await runner.query('CREATE TABLE IF NOT EXISTS made (id int)');
          await runner.manager.insert(Account, { id: 4 });
          await runner.query('START TRANSACTION');
          await runner.manager.insert(Account, { id: 5 });
          await runner.query('START TRANSACTION');
          await runner.manager.insert(Account, { id: 6 });
          await runner.query('COMMIT');
        } finally {
          await runner.release();
        }
      });
      expect(revisions).toEqual([1, 3, 4, 5, 6].map((id, n) => `${'ABCDE'[n]}: account ${id} v1 insert`));
    });
  },
  worldNames(true).filter(isMysql),
);
