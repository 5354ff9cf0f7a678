import { afterEach, expect, it } from '@jest/globals';
import {
  type EntityManager,
  type EntitySubscriberInterface,
  EventSubscriber,
  type QueryRunner,
} from 'typeorm';
import { describeTwins, settled } from '../../support/worlds/twins.js';
import { Account, Line } from '../../support/entities/accounts.js';

interface Event {
  readonly query: string;
  readonly queryRunner: QueryRunner;
  readonly manager: EntityManager;
}

type Hook = (event: Event) => Promise<unknown>;

let hooks: { before?: Hook; after?: Hook } = {};
let hears = /^(INSERT INTO|UPDATE|DELETE FROM) .account.[ (]/;
let isInside = false;

// What a hook of a query asks itself has hooks, too.
async function tell(hook: Hook | undefined, event: Event): Promise<void> {
  if (!hook || isInside || !hears.test(event.query)) return;
  isInside = true;
  try {
    await hook(event);
  } finally {
    isInside = false;
  }
}

@EventSubscriber()
class QueryHooks implements EntitySubscriberInterface {
  beforeQuery(event: Event): Promise<void> {
    return tell(hooks.before, event);
  }
  afterQuery(event: Event): Promise<void> {
    return tell(hooks.after, event);
  }
}

const asks: Hook = ({ queryRunner }) => queryRunner.query('SELECT 1');
let lines = 0;
const logs: Hook = ({ manager }) => manager.insert(Line, { id: ++lines, text: 'a query' });
const writesAudited: Hook = ({ manager }) => manager.insert(Account, { id: 100 + ++lines });

const writes: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  'save()': (manager) => manager.save(Account, { id: 1, balance: 3 }),
  'insert()': (manager) => manager.insert(Account, { id: 2 }).then(() => undefined),
  'update()': (manager) => manager.update(Account, 1, { balance: 3 }).then(() => undefined),
  'increment()': (manager) => manager.increment(Account, { id: 1 }, 'balance', 3).then(() => undefined),
  'delete()': (manager) => manager.delete(Account, 1).then(() => undefined),
};

const options = { entities: [Account, Line], subscribers: [QueryHooks] };

describeTwins('a subscriber that hears each query', options, (twins) => {
  afterEach(() => {
    hooks = {};
  });

  for (const [what, hook] of [
    ['asks', asks],
    ['logs', logs],
    ['writes rows with a history', writesAudited],
  ] as const)
    for (const when of ['before', 'after'] as const)
      for (const [name, write] of Object.entries(writes))
        it.each(['without a transaction', 'in one'])(
          `${what} ${when} ${name} by the same query runner, %s`,
          async (where) => {
            const revisions = await twins().play(async ({ manager }) => {
              await manager.insert(Account, { id: 1 });
              lines = 0;
              hooks = { [when]: hook };
              const outcome = await settled(where === 'in one' ? manager.transaction(write) : write(manager));
              hooks = {};
              return outcome;
            });
            expect(revisions).toHaveLength(hook === writesAudited ? 3 : 2);
          },
        );

  // It hears our ROLLBACK too, if that is one of TypeORM's statements, and its own would fail in front of it.
  it('leaves no failed transaction behind where a write fails, although it asks before each query', async () => {
    const heard = hears;
    hears = /./;
    await twins().play(async ({ manager, dataSource }) => {
      await manager.insert(Account, { id: 1 });
      hooks = { before: asks };
      const failed = await settled(manager.insert(Account, { id: 1 }));
      const again = await Promise.all(
        [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((id) => settled(dataSource.manager.insert(Account, { id }))),
      );
      hooks = {};
      return [(failed as Error).name, again.map((outcome) => (outcome as Error).message)];
    });
    hears = heard;
  });
});
