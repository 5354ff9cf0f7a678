import { expect, it } from '@jest/globals';
import { type EntityManager, MoreThan } from 'typeorm';
import { AccountHooks, type HookName, onAccountHook } from '../../support/worlds/hooked-accounts.js';
import { describeTwins, isSqlite, settled } from '../../support/worlds/twins.js';
import { type World } from '../../support/worlds/write-worlds.js';
import { Account, Line } from '../../support/entities/accounts.js';

const writes: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  'insert()': (manager) => manager.insert(Account, { id: 3 }),
  'update()': (manager) => manager.update(Account, 1, { balance: 7 }),
  'increment()': (manager) => manager.increment(Account, { id: 1 }, 'balance', 7),
  'upsert()': (manager) => manager.upsert(Account, { id: 1, balance: 7 }, ['id']),
  'delete()': (manager) => manager.delete(Account, 1),
};
const revisions: Record<string, string> = {
  'insert()': 'account 3 v1 insert',
  'update()': 'account 1 v2 update',
  'increment()': 'account 1 v2 update',
  'upsert()': 'account 1 v2 update',
  'delete()': 'account 1 v2 delete',
};

/** Plays a scenario with two accounts and hooks, and gives what the hooks have noted. */
async function hooked(
  world: World,
  hook: (name: HookName, note: (value: unknown) => void) => unknown,
  scenario: () => Promise<unknown>,
): Promise<unknown> {
  await world.manager.insert(Account, [{ id: 1 }, { id: 2 }]);
  const noted: unknown[] = [];
  onAccountHook((name) => hook(name, (value) => noted.push(name, value)));
  try {
    const { raw: _, ...told } = ((await settled(scenario())) ?? {}) as { raw?: unknown };
    return [told, noted];
  } finally {
    onAccountHook();
  }
}

const balances = ({ manager }: World): Promise<unknown> => manager.find(Account, { order: { id: 'ASC' } });

const options = { entities: [Account, Line], subscribers: [AccountHooks] };

describeTwins('the hooks of a write', options, (twins, name) => {
  for (const [write, run] of Object.entries(writes)) {
    it(`see by another connection what ${write} has done`, async () => {
      const recorded = await twins().play((world) =>
        hooked(
          world,
          async (_, note) => note(await balances(world)),
          () => run(world.manager),
        ),
      );
      expect(recorded.slice(2)).toEqual([`B: ${revisions[write]}`]);
    });

    it(`write the same row by another connection after ${write}`, async () => {
      await twins().play((world) =>
        hooked(
          world,
          async (hook) =>
            hook.startsWith('after') && world.manager.update(Account, { id: MoreThan(0) }, { balance: 9 }),
          () => run(world.manager),
        ),
      );
    });

    it(`throw, and leave ${write} as it is`, async () => {
      const recorded = await twins().play((world) =>
        hooked(
          world,
          (hook) => {
            if (hook.startsWith('after')) throw new Error('no');
          },
          () => run(world.manager),
        ),
      );
      expect(recorded.slice(2)).toEqual([`B: ${revisions[write]}`]);
    });

    it(`throw before ${write}, which is then not run`, async () => {
      const recorded = await twins().play((world) =>
        hooked(
          world,
          (hook) => {
            if (hook.startsWith('before')) throw new Error('no');
          },
          () => run(world.manager),
        ),
      );
      expect(recorded).toHaveLength(2);
    });
  }

  it('of a save() belong to its transaction', async () => {
    const recorded = await twins().play((world) =>
      hooked(
        world,
        async (hook, note) => {
          // SQLite has one connection, which is in the transaction.
          if (!isSqlite(name)) note(await balances(world));
          if (hook === 'afterUpdate') throw new Error('no');
        },
        () => world.manager.save(Account, { id: 1, balance: 5 }),
      ),
    );
    expect(recorded).toHaveLength(2);
  });
});
