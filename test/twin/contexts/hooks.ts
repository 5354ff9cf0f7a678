import { type EntityManager } from 'typeorm';
import { Bell } from '../../support/entities/shelves.js';
import { type Context, type Stage } from './context.js';

type Ring = (manager: EntityManager) => Promise<unknown>;

/** The writes of a bell by each of which the hooks of this kind are called: by a query builder, and by the flush. */
const rings: Record<string, { builder: Ring; flush: Ring }> = {
  Insert: {
    builder: (manager) => manager.insert(Bell, { id: 7 }),
    flush: (manager) => manager.save(Bell, { id: 7 }),
  },
  Update: {
    builder: (manager) => manager.update(Bell, 1, { rung: 1 }),
    flush: (manager) => manager.save(Bell, { id: 1, rung: 1 }),
  },
  Remove: {
    builder: (manager) => manager.delete(Bell, 1),
    flush: async (manager) => manager.remove(await manager.findOneByOrFail(Bell, { id: 1 })),
  },
  SoftRemove: {
    builder: (manager) => manager.softDelete(Bell, 1),
    flush: async (manager) => manager.softRemove(await manager.findOneByOrFail(Bell, { id: 1 })),
  },
  Recover: {
    builder: (manager) => manager.restore(Bell, 3),
    flush: async (manager) =>
      manager.recover(await manager.findOneOrFail(Bell, { where: { id: 3 }, withDeleted: true })),
  },
};

// By TypeORM 0.3, where the driver is one of SQLite (before) or of MySQL (after).
const notAwaited = ['beforeQuery', 'afterQuery'];
const moments = ['before', 'after'];
const managers = ['event.manager', 'dataSource.manager'];

/** Writes in the first call of the hook only, as a guarded one does. */
function writeOnce(stage: Stage, hook: string, through: string): void {
  let isDone = false;
  stage.on(hook, (event) => {
    if (isDone) return undefined;
    isDone = true;
    const manager: EntityManager = through === 'event.manager' ? event.manager : stage.manager;
    return stage.attemptInHook('write in the hook', () => stage.write(manager));
  });
}

function inside(hook: string, how: string, group: string, ring: Ring): Context[] {
  return managers.map((through) => ({
    name: `inside ${hook} of ${how} through ${through}`,
    group,
    isUnawaited: notAwaited.includes(hook),
    run: async (stage) => {
      writeOnce(stage, hook, through);
      await stage.attempt('outer', () => ring(stage.manager));
    },
  }));
}

const ofRows = Object.entries(rings).flatMap(([kind, { builder, flush }]) =>
  moments.flatMap((moment) => [
    ...inside(`${moment}${kind}`, 'a builder', 'inside a hook of a builder', builder),
    ...inside(`${moment}${kind}`, 'a flush', 'inside a hook of a flush', flush),
  ]),
);

const ofTransactions = ['Start', 'Commit', 'Rollback'].flatMap((what) =>
  moments.flatMap((moment) =>
    inside(`${moment}Transaction${what}`, 'transaction()', 'inside a hook of transactions', (manager) =>
      manager.transaction(async (inner) => {
        await inner.insert(Bell, { id: 7 });
        if (what === 'Rollback') throw new Error('the application changes its mind');
      }),
    ),
  ),
);

const others = [
  ...moments.flatMap((moment) =>
    inside(`${moment}Query`, 'find()', 'inside a hook of queries', (manager) =>
      manager.find(Bell, { order: { id: 'ASC' } }),
    ),
  ),
  ...inside('afterLoad', 'find()', 'inside a hook of queries', (manager) =>
    manager.find(Bell, { order: { id: 'ASC' } }),
  ),
];

/** The write inside a hook of another one. */
export const hooks: Context[] = [...ofRows, ...ofTransactions, ...others];
