import { expect, it } from '@jest/globals';
import { type EntityManager } from 'typeorm';
import { inContextOfRaw } from '../../../src/context/request-context.js';
import { describeTwins, settled } from '../../support/worlds/twins.js';
import { type World } from '../../support/worlds/write-worlds.js';
import { Account, Line } from '../../support/entities/accounts.js';

/** A request that knows by which manager its user is to be looked up. */
interface Request {
  readonly users: EntityManager;
}

/** Asks the database, and takes its time. */
async function actor({ users }: Request): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  const [user] = await users.find(Line, { where: { id: 1 } });
  return user.text;
}

async function context({ users }: Request): Promise<{ users: number }> {
  return { users: await users.count(Line) };
}

const options = { entities: [Account, Line], audit: { actor, context } };

const writes: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  'save()': (manager) => manager.save(Account, { id: 1, balance: 1 }),
  'insert()': (manager) => manager.insert(Account, { id: 2 }).then(({ identifiers }) => identifiers),
  'update()': (manager) => manager.update(Account, 1, { balance: 2 }).then(({ affected }) => affected),
  'delete()': (manager) => manager.delete(Account, 1).then(({ affected }) => affected),
};

describeTwins('an actor that is looked up in the database', options, (twins) => {
  /** Plays a scenario for a request, with an account and a user. */
  const play = (
    scenario: (
      world: World,
      request: (users: EntityManager, fn: () => Promise<unknown>) => Promise<unknown>,
    ) => Promise<unknown>,
  ): Promise<string[]> =>
    twins().play(async (world) => {
      await world.manager.insert(Line, { id: 1, text: 'ann' });
      await world.context.run({ actor: 'before' }, () => world.manager.insert(Account, { id: 1 }));
      return scenario(world, (users, fn) => inContextOfRaw({ users }, fn));
    });

  for (const [name, write] of Object.entries(writes)) {
    it(`writes ${name} without a transaction`, async () => {
      const revisions = await play((world, request) => request(world.manager, () => write(world.manager)));
      expect(revisions.slice(1)).toEqual([expect.stringMatching(/^B: .* by ann$/)]);
    });

    it(`writes ${name} in a transaction, and is asked in the same`, async () => {
      const revisions = await play((world) =>
        world.manager.transaction((manager) => inContextOfRaw({ users: manager }, () => write(manager))),
      );
      expect(revisions.slice(1)).toEqual([expect.stringMatching(/^B: .* by ann$/)]);
    });

    it(`writes ${name} in a transaction that nobody waits in`, async () => {
      const revisions = await play(async (world) => {
        let written: Promise<unknown> | undefined;
        await world.manager.transaction(async (manager) => {
          await manager.insert(Account, { id: 7 });
          written = inContextOfRaw({ users: manager }, () => settled(write(manager)));
        });
        return written;
      });
      if (name !== 'save()')
        expect(revisions.slice(1)).toEqual([
          expect.stringMatching(/^B: account 7 /),
          expect.stringMatching(/^B: .* by ann$/),
        ]);
    });
  }

  it('writes several at once over one query runner', async () => {
    const revisions = await play(async (world) => {
      const runner = world.dataSource.createQueryRunner();
      await inContextOfRaw({ users: runner.manager }, () =>
        Promise.all([2, 3, 4].map((id) => runner.manager.insert(Account, { id }))),
      );
      await runner.release();
    });
    expect(revisions.slice(1).sort()).toEqual(
      [2, 3, 4].map((id) => expect.stringContaining(`account ${id} v1 insert by ann`)),
    );
  });
});
