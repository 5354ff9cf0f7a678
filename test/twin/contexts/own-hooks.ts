import { Bell, Item, Note } from '../../support/entities/shelves.js';
import { type Context, type Stage } from './context.js';

const group = 'own hooks';
const kinds = ['Insert', 'Update', 'Remove', 'SoftRemove', 'Recover'];

/** Calls the function in the first hook of this moment that is about a row. */
function onFirst(stage: Stage, moment: string, fn: (event: any) => Promise<unknown>): void {
  let isDone = false;
  for (const kind of kinds)
    stage.on(`${moment}${kind}`, (event) => {
      if (isDone) return undefined;
      isDone = true;
      return fn(event);
    });
}

const written = (stage: Stage): Promise<void> => stage.attempt('write', () => stage.write(stage.manager));

/** The write with a hook that is called for it. */
export const ownHooks: Context[] = [
  ...['before', 'after'].flatMap((moment): Context[] => [
    {
      name: `with a ${moment}-hook that throws`,
      group,
      run: async (stage) => {
        onFirst(stage, moment, () => Promise.reject(new Error('the hook throws')));
        await written(stage);
      },
    },
    {
      name: `with a ${moment}-hook that throws, in transaction()`,
      group,
      run: async (stage) => {
        onFirst(stage, moment, () => Promise.reject(new Error('the hook throws')));
        await stage.attempt('transaction', () =>
          stage.dataSource.transaction(async (manager) => {
            await stage.attempt('write', () => stage.write(manager));
            await stage.probe('a probe', manager);
          }),
        );
      },
    },
    {
      name: `with a ${moment}-hook that reads by another connection`,
      group,
      run: async (stage) => {
        onFirst(stage, moment, () =>
          stage.attemptInHook('read in the hook', () =>
            stage.manager.find(Item, { select: { id: true, code: true, n: true }, order: { id: 'ASC' } }),
          ),
        );
        await written(stage);
      },
    },
    {
      name: `with a ${moment}-hook that reads by its own`,
      group,
      run: async (stage) => {
        onFirst(stage, moment, (event) =>
          stage.attemptInHook('read in the hook', () =>
            event.manager.find(Item, { select: { id: true, code: true, n: true }, order: { id: 'ASC' } }),
          ),
        );
        await written(stage);
      },
    },
    {
      name: `with a ${moment}-hook that writes elsewhere by another connection`,
      group,
      run: async (stage) => {
        onFirst(stage, moment, () =>
          stage.attemptInHook('write in the hook', async () => {
            await stage.manager.insert(Note, { id: 50, text: 'by the hook' });
            return stage.manager.update(Bell, 1, { rung: 50 });
          }),
        );
        await written(stage);
      },
    },
  ]),
  {
    // With a transaction of TypeORM's own around the write, that would hold the row.
    name: 'with an after-hook that writes the same row by another connection',
    group,
    suits: ({ kind }) => kind === 'statement',
    run: async (stage) => {
      onFirst(stage, 'after', () =>
        stage.attemptInHook('write in the hook', () =>
          stage.manager
            .createQueryBuilder()
            .update(Item)
            .set({ note: 'by the hook' })
            .where('id > 0')
            .execute(),
        ),
      );
      await written(stage);
    },
  },
  {
    name: 'with an after-hook that waits for other work',
    group,
    run: async (stage) => {
      onFirst(stage, 'after', () =>
        stage.attemptInHook('work', () => outside(() => stage.manager.find(Note, { order: { id: 'ASC' } }))),
      );
      await written(stage);
    },
  },
  {
    name: 'with a beforeQuery that queries the same runner',
    group,
    run: async (stage) => {
      let isInside = false;
      stage.on('beforeQuery', (event) => {
        if (isInside) return undefined;
        isInside = true;
        return event.queryRunner.query('SELECT 1 AS one').finally(() => (isInside = false));
      });
      await written(stage);
    },
  },
];

// A worker of its own, as of a queue or a DataLoader: it isn't in the async context of the hook.
const queue: (() => void)[] = [];

function outside<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => queue.push(() => void work().then(resolve, reject)));
}

setInterval(() => queue.shift()?.(), 2).unref();
