import { beforeEach, expect, it } from '@jest/globals';
import { type EntityManager, type EntitySubscriberInterface, EventSubscriber } from 'typeorm';
import { describeTwins } from '../../support/worlds/twins.js';
import { type World } from '../../support/worlds/write-worlds.js';
import { Account } from '../../support/entities/accounts.js';

let told: string[] = [];
let onCommit: ((manager: EntityManager) => Promise<unknown>) | undefined;

type Event = { manager: EntityManager };

@EventSubscriber()
class Transactions implements EntitySubscriberInterface {
  beforeTransactionStart(): void {
    told.push('before start');
  }
  afterTransactionStart(): void {
    told.push('after start');
  }
  beforeTransactionCommit(): void {
    told.push('before commit');
  }
  async afterTransactionCommit({ manager }: Event): Promise<void> {
    told.push('after commit');
    // An application that is told again and again would never come to an end.
    if (told.length > 20) throw new Error('told without end');
    await onCommit?.(manager);
  }
  beforeTransactionRollback(): void {
    told.push('before rollback');
  }
  afterTransactionRollback(): void {
    told.push('after rollback');
  }
}

const writes: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  'insert()': (manager) => manager.insert(Account, { id: 2 }),
  'update()': (manager) => manager.update(Account, 1, { balance: 2 }),
  'increment()': (manager) => manager.increment(Account, { id: 1 }, 'balance', 2),
  'upsert()': (manager) => manager.upsert(Account, { id: 2 }, ['id']),
  'delete()': (manager) => manager.delete(Account, 1),
};

const options = { entities: [Account], subscribers: [Transactions] };

describeTwins('a subscriber of transactions', options, (twins) => {
  beforeEach(() => {
    onCommit = undefined;
  });

  async function toldOf(fn: () => Promise<unknown>): Promise<string[]> {
    told = [];
    await fn();
    return told;
  }

  for (const [name, write] of Object.entries(writes)) {
    it(`hears nothing of ${name} without a transaction`, async () => {
      const revisions = await twins().play(async ({ manager }) => {
        await manager.insert(Account, { id: 1 });
        const heard = await toldOf(() => write(manager));
        expect(heard).toEqual([]);
      });
      expect(revisions).toHaveLength(2);
    });

    it.each([
      ['the manager of the event', (_: World, manager: EntityManager) => manager],
      ['that of the data source', (world: World) => world.manager],
    ] as const)(`may ${name} by %s after a COMMIT`, async (_, managerOf) => {
      const revisions = await twins().play(async (world) => {
        await world.manager.insert(Account, { id: 1 });
        let isDone = false;
        onCommit = async (manager) => {
          if (isDone) return;
          isDone = true;
          await write(managerOf(world, manager));
        };
        return toldOf(() =>
          world.manager.transaction((manager) => manager.update(Account, 1, { balance: 1 })),
        );
      });
      expect(revisions.map((revision) => revision[0])).toEqual(['A', 'B', 'C']);
    });
  }

  it('is told of the transactions of save() and transaction() once each', async () => {
    await twins().play(async ({ manager }) => [
      await toldOf(() => manager.save(Account, { id: 1 })),
      await toldOf(() =>
        manager.transaction(async (outer) => {
          await outer.insert(Account, { id: 2 });
          await outer.transaction((inner) => inner.save(Account, { id: 3 }));
        }),
      ),
      await toldOf(() =>
        manager
          .transaction(async (outer) => {
            await outer.insert(Account, { id: 4 });
            throw new Error('no');
          })
          .catch(() => undefined),
      ),
    ]);
  });
});
