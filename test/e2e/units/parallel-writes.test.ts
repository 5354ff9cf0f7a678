import { expect, it } from '@jest/globals';
import { type EntityManager } from 'typeorm';
import { describeTwins, isSqlite, settled } from '../../support/worlds/twins.js';
import { type World } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

const actors = ['ann', 'bob', 'eve'];

/** One update of the same row by each actor, none waiting for another. */
function updates({ context }: World, manager: EntityManager, write: 'update' | 'save'): Promise<unknown> {
  return Promise.all(
    actors.map((actor, n) =>
      context.run({ actor }, () =>
        write === 'update'
          ? manager
              .update(Account, 1, [{ balance: 5 }, { code: 'c' }, { balance: 6 }][n])
              .then(() => undefined)
          : manager.save(Account, { id: 2 + n, balance: n }).then(() => undefined),
      ),
    ),
  );
}

const oneEach = (letters: string): string[] =>
  actors.map((actor, n) => `${letters[n]}: account 1 v${n + 2} update by ${actor}`);

describeTwins('writes that are sent at once', { entities: [Account] }, (twins, name) => {
  it('by three actors to one row of one transaction have a revision each', async () => {
    const revisions = await twins().play(async (world) => {
      await world.manager.insert(Account, { id: 1 });
      await world.manager.transaction((manager) => updates(world, manager, 'update'));
    });
    expect(revisions.slice(1)).toEqual(oneEach('BBB'));
  });

  it('by three actors over one query runner have a revision and a transaction each', async () => {
    const revisions = await twins().play(async (world) => {
      await world.manager.insert(Account, { id: 1 });
      const runner = world.dataSource.createQueryRunner();
      await updates(world, runner.manager, 'update');
      await runner.release();
    });
    expect(revisions.slice(1)).toEqual(oneEach('BCD'));
  });

  it('by three actors through the pool have a revision each', async () => {
    const revisions = await twins().play(async (world) => {
      await world.manager.insert(Account, { id: 1 });
      await Promise.all(
        actors.map((actor) =>
          world.context.run({ actor }, () => world.manager.increment(Account, { id: 1 }, 'balance', 1)),
        ),
      );
    });
    const parts = revisions.slice(1).map((revision) => revision.split(' by '));
    expect(parts.map(([revision]) => revision)).toEqual(
      [2, 3, 4].map((version, n) => `${'BCD'[n]}: account 1 v${version} update`),
    );
    expect(parts.map(([, actor]) => actor).sort()).toEqual(actors);
  });

  it('save() rows in one transaction under the actor of each', async () => {
    const revisions = await twins().play((world) =>
      world.manager.transaction((manager) => updates(world, manager, 'save')),
    );
    expect(revisions.sort()).toEqual(actors.map((actor, n) => `A: account ${n + 2} v1 insert by ${actor}`));
  });

  it('over one query runner are stored, but for the one that fails', async () => {
    const revisions = await twins().play(async ({ manager, dataSource }) => {
      await manager.insert(
        Account,
        [1, 2, 3].map((id) => ({ id })),
      );
      const runner = dataSource.createQueryRunner();
      const own = runner.manager;
      const outcomes = await Promise.all([
        settled(own.insert(Account, { id: 1 })),
        settled(own.insert(Account, { id: 4 }).then(() => 'stored')),
        settled(own.update(Account, 2, { balance: 2 }).then(({ affected }) => affected)),
        settled(own.delete(Account, 3).then(({ affected }) => affected)),
        settled(own.find(Account, { order: { id: 'ASC' } })),
      ]);
      await own.update(Account, 4, { balance: 4 });
      await runner.release();
      return outcomes;
    });
    expect(revisions.slice(3)).toEqual([
      'B: account 4 v1 insert',
      'C: account 2 v2 update',
      'D: account 3 v2 delete',
      'E: account 4 v2 update',
    ]);
  });

  it('keep a BEGIN, a read and a ROLLBACK behind them waiting until they are recorded', async () => {
    const revisions = await twins().play(async ({ dataSource }) => {
      const runner = dataSource.createQueryRunner();
      await runner.connect();
      const { manager } = runner;
      const written = manager.insert(Account, { id: 1 }).then(() => 'stored');
      // By now it has been sent.
      await new Promise(setImmediate);
      const begun = runner.query('BEGIN').then(() => manager.insert(Account, { id: 2 }));
      const read = manager.countBy(Account, {});
      const outcomes = [await written, await read];
      await begun;
      await runner.query('ROLLBACK');
      await manager.insert(Account, { id: 3 });
      await runner.release();
      return outcomes;
    });
    expect(revisions).toEqual(['A: account 1 v1 insert', 'B: account 3 v1 insert']);
  });

  // Of SQLite's one connection nobody knows whose transaction it is.
  if (!isSqlite(name))
    it('of a pool’s transactions belong to one of them each', async () => {
      const revisions = await twins().play(async ({ manager }) => {
        await Promise.all(
          [1, 2, 3, 4].map((id) =>
            manager
              .transaction(async (own) => {
                await own.insert(Account, { id });
                await own.update(Account, id, { balance: id });
                if (id === 3) throw new Error('no');
              })
              .catch(() => undefined),
          ),
        );
      });
      for (const id of [1, 2, 4])
        expect(
          new Set(revisions.filter((each) => each.includes(`account ${id} `)).map(([at]) => at)).size,
        ).toBe(1);
      expect(revisions).toHaveLength(6);
    });
});
