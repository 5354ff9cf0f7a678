import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type EntityManager } from 'typeorm';
import { describeTwins, settled } from '../../support/worlds/twins.js';
import { Account } from '../../support/entities/accounts.js';

type Write = (manager: EntityManager) => Promise<unknown>;

const writes: Record<string, Write> = {
  'insert()': (manager) => manager.insert(Account, { id: 4 }),
  'update()': (manager) => manager.update(Account, { balance: 0 }, { balance: 5 }),
  'increment()': (manager) => manager.increment(Account, { balance: 0 }, 'balance', 5),
  'upsert()': (manager) => manager.upsert(Account, { id: 1, balance: 5 }, ['id']),
  'delete()': (manager) => manager.delete(Account, { balance: 0 }),
};

const accounts = [1, 2, 3].map((id) => ({ id }));
const newRevisions = (revisions: string[]): string[] =>
  revisions.filter((revision) => !revision.startsWith('A'));

describeTwins('a write whose await was forgotten', { entities: [Account] }, (twins) => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): unknown => unhandled.push(error);
  beforeEach(() => {
    unhandled.length = 0;
    process.on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  for (const [name, write] of Object.entries(writes)) {
    it(`is recorded in transaction(): ${name}`, async () => {
      const revisions = await twins().play(async ({ manager }) => {
        await manager.insert(Account, accounts);
        let written: Promise<unknown> | undefined;
        await manager.transaction((own) => {
          written = settled(write(own));
          return Promise.resolve();
        });
        const { raw: _, ...result } = (await written) as { raw: unknown };
        return result;
      });

      expect(newRevisions(revisions)).toHaveLength(/insert|upsert/.test(name) ? 1 : 3);
    });

    it(`is recorded before a COMMIT by hand: ${name}`, async () => {
      const revisions = await twins().play(async ({ manager, dataSource }) => {
        await manager.insert(Account, accounts);
        const runner = dataSource.createQueryRunner();
        await runner.query('BEGIN');
        const written = settled(write(runner.manager));
        await runner.query('COMMIT');
        await written;
        await runner.release();
      });
      expect(new Set(newRevisions(revisions).map(([letter]) => letter)).size).toBe(1);
    });

    it(`is rolled back with the ROLLBACK behind it: ${name}`, async () => {
      const revisions = await twins().play(async ({ manager, dataSource }) => {
        await manager.insert(Account, accounts);
        const runner = dataSource.createQueryRunner();
        await runner.startTransaction();
        const written = settled(write(runner.manager));
        await runner.rollbackTransaction();
        await written;
        await runner.release();
      });
      expect(newRevisions(revisions)).toEqual([]);
    });

    it(`leaves the connection in order when its query runner is released at once: ${name}`, async () => {
      const revisions = await twins().play(async ({ manager, dataSource }) => {
        await manager.insert(Account, accounts);
        const runner = dataSource.createQueryRunner();
        await runner.connect();
        const written = settled(write(runner.manager).then(() => 'written'));
        await runner.release();
        const outcome = await written;
        // The connection goes on in other hands.
        await manager.insert(Account, { id: 9 });
        return outcome;
      });
      const [letter] = revisions.at(-1)!;
      expect(revisions.filter((revision) => revision.startsWith(letter))).toEqual([
        `${letter}: account 9 v1 insert`,
      ]);
    });

    it(`is stored when its query runner is released under it: ${name}`, async () => {
      const revisions = await twins().play(async ({ manager, dataSource }) => {
        await manager.insert(Account, accounts);
        const runner = dataSource.createQueryRunner();
        await runner.connect();
        const written = settled(write(runner.manager).then(() => 'written'));
        await new Promise(setImmediate);
        await runner.release();
        const outcome = await written;
        await manager.insert(Account, { id: 9 });
        return outcome;
      });
      expect(newRevisions(revisions)).toHaveLength(/insert|upsert/.test(name) ? 2 : 4);
      expect(new Set(newRevisions(revisions).map(([letter]) => letter)).size).toBe(2);
    });
  }

  it('of several keeps their order', async () => {
    const revisions = await twins().play(async ({ manager }) => {
      await manager.insert(Account, accounts);
      const written: Promise<unknown>[] = [];
      await manager.transaction((own) => {
        for (let balance = 1; balance < 4; balance++) written.push(own.update(Account, 1, { balance }));
        return Promise.resolve();
      });
      await Promise.all(written);
    });
    expect(newRevisions(revisions)).toEqual([2, 3, 4].map((version) => `B: account 1 v${version} update`));
  });
});
