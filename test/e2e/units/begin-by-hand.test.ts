import { expect, it } from '@jest/globals';
import { type EntityManager, type QueryRunner } from 'typeorm';
import { UnrecordedWriteError } from '../../../src/audit.errors.js';
import { refuseRevisions, UNRECORDABLE } from '../../support/faults/refused-accounts.js';
import { describeTwins, revisionsOf, settled } from '../../support/worlds/twins.js';
import { type World } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

const opened = [1, 2, 3].map((id) => ({ id, balance: 10 }));

/** Each way to write without entities, once. */
async function writeAll(manager: EntityManager): Promise<unknown[]> {
  return [
    (await manager.insert(Account, { id: 9 })).identifiers,
    (await manager.update(Account, 1, { balance: 11 })).affected,
    (await manager.increment(Account, { id: 2 }, 'balance', 5)).affected,
    (await manager.upsert(Account, { id: 2, balance: 20 }, ['id'])).identifiers,
    (await manager.delete(Account, 3)).affected,
  ];
}

/** Runs a function with a query runner that is held for it, and given back. */
async function held<T>({ dataSource }: World, fn: (runner: QueryRunner) => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    return await fn(runner);
  } finally {
    await runner.release();
  }
}

/** As an application does that writes its own BEGIN. */
async function byHand(runner: QueryRunner, end: string, write: () => Promise<unknown>): Promise<unknown> {
  await runner.query('BEGIN');
  const result = await write();
  await runner.query(end);
  return [result, runner.isTransactionActive];
}

const options = { entities: [Account], prepare: refuseRevisions };

describeTwins('a transaction that is begun by hand', options, (twins) => {
  for (const end of ['COMMIT', 'ROLLBACK'])
    it(`ends with its ${end}, and so do its revisions`, async () => {
      const revisions = await twins().play(async (world) => {
        await world.manager.insert(Account, opened);
        return held(world, async (runner) => {
          const result = await byHand(runner, end, () => writeAll(runner.manager));
          return [
            result,
            await runner.manager.countBy(Account, {}),
            await world.manager.countBy(Account, {}),
          ];
        });
      });
      expect(revisions.slice(3)).toEqual(
        end === 'ROLLBACK'
          ? []
          : [
              'B: account 9 v1 insert',
              'B: account 1 v2 update',
              'B: account 2 v2 update',
              'B: account 2 v3 update',
              'B: account 3 v2 delete',
            ],
      );
    });

  it('has a rev_transaction of its own, each of two', async () => {
    const revisions = await twins().play((world) =>
      held(world, async (runner) => {
        await byHand(runner, 'COMMIT', () => runner.manager.insert(Account, { id: 1 }));
        await byHand(runner, 'ROLLBACK', () => runner.manager.insert(Account, { id: 2 }));
        await byHand(runner, 'COMMIT', async () => {
          await runner.manager.insert(Account, { id: 3 });
          await runner.manager.update(Account, 1, { balance: 1 });
        });
        await runner.manager.insert(Account, { id: 4 });
      }),
    );
    expect(revisions).toEqual([
      'A: account 1 v1 insert',
      'B: account 3 v1 insert',
      'B: account 1 v2 update',
      'C: account 4 v1 insert',
    ]);
  });

  it('keeps what its savepoints keep', async () => {
    const revisions = await twins().play((world) =>
      held(world, (runner) =>
        byHand(runner, 'COMMIT', async () => {
          await runner.manager.insert(Account, { id: 1 });
          await runner.query('SAVEPOINT one');
          await runner.manager.insert(Account, { id: 2 });
          await runner.query('ROLLBACK TO SAVEPOINT one');
          await runner.manager.insert(Account, { id: 3 });
          await runner.query('RELEASE SAVEPOINT one');
          await runner.manager.update(Account, 1, { balance: 3 });
        }),
      ),
    );
    expect(revisions).toEqual(['A: account 1 v1 insert', 'A: account 3 v1 insert', 'A: account 1 v2 update']);
  });

  it('goes on after a write that has failed, where the database lets it', async () => {
    await twins().play((world) =>
      held(world, async (runner) => {
        await world.manager.insert(Account, { id: 1 });
        await runner.query('BEGIN');
        const results = [
          await settled(runner.manager.insert(Account, { id: 1 })),
          await settled(runner.manager.update(Account, 1, { balance: 5 })),
          await settled(runner.query('COMMIT').then(() => undefined)),
        ];
        await runner.manager.update(Account, 1, { code: 'after' });
        return results;
      }),
    );
  });

  it('is not committed after a write that has no revision', async () => {
    const { audited } = twins();
    await audited.reset();
    await held(audited, async (runner) => {
      await runner.query('BEGIN');
      await expect(runner.manager.insert(Account, { id: 1, code: UNRECORDABLE })).rejects.toThrow(
        UNRECORDABLE,
      );
      await expect(runner.query('COMMIT')).rejects.toThrow(UnrecordedWriteError);
      await runner.query('ROLLBACK');
      await byHand(runner, 'COMMIT', () => runner.manager.insert(Account, { id: 2 }));
    });
    expect(await revisionsOf(audited)).toEqual(['A: account 2 v1 insert']);
    expect(await audited.manager.find(Account)).toMatchObject([{ id: 2 }]);
  });

  it('releases no savepoint that has a write without a revision, and goes on before it', async () => {
    const { audited } = twins();
    await audited.reset();
    await held(audited, async (runner) => {
      await runner.query('BEGIN');
      await runner.manager.insert(Account, { id: 1 });
      await runner.query('SAVEPOINT one');
      await expect(runner.manager.insert(Account, { id: 2, code: UNRECORDABLE })).rejects.toThrow(
        UNRECORDABLE,
      );
      await expect(runner.query('RELEASE SAVEPOINT one')).rejects.toThrow(UnrecordedWriteError);
      await runner.query('ROLLBACK TO SAVEPOINT one');
      await runner.manager.insert(Account, { id: 3 });
      await runner.query('COMMIT');
    });
    expect(await revisionsOf(audited)).toEqual(['A: account 1 v1 insert', 'A: account 3 v1 insert']);
    expect((await audited.manager.find(Account)).map(({ id }) => id).sort()).toEqual([1, 3]);
  });
});
