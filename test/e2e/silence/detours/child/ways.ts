import { type EntityManager } from 'typeorm';
import { Cart, Comment, Draft, Label, Line, Memo, Ticket } from '../../../../support/entities/tickets.js';
import { ClosureNode, PathNode, SetNode } from '../../../../support/entities/trees.js';

/** A way to write an audited row. */
export interface Way {
  readonly name: string;
  /** Makes what it writes to. */
  prepare?(manager: EntityManager): Promise<any>;
  write(manager: EntityManager, prepared: any): Promise<unknown>;
}

const ticket = (manager: EntityManager): Promise<Ticket> => manager.save(Ticket, { name: 'before' });

const called = (name: string) => (manager: EntityManager) => manager.save(Ticket, { name });

const commented = (manager: EntityManager): Promise<Ticket> =>
  manager.save(Ticket, { name: 'parent', comments: [{ name: 'one' }] });

const labelled = async (manager: EntityManager): Promise<Ticket> => {
  const [{ last }] = await manager.query('SELECT coalesce(max(id), 0) AS last FROM label');
  const labels = await manager.save(
    Label,
    [1, 2].map((n) => ({ id: Number(last) + n, name: `label ${n}` })),
  );
  const saved = await manager.save(Ticket, { name: 'labelled', labels: [labels[0]] });
  return Object.assign(saved, { spare: labels[1] });
};

const treesOf = (target: typeof ClosureNode | typeof PathNode | typeof SetNode): Way[] => {
  // A nested set has one root.
  const root = async (manager: EntityManager): Promise<any> =>
    (await manager.findOneBy(target, { name: 'root' })) ?? manager.save(target, { name: 'root' });
  const child = async (manager: EntityManager): Promise<any> =>
    manager.save(target, { name: 'child', parent: await root(manager) });
  return [
    {
      name: `save() of a new ${target.name}`,
      prepare: root,
      write: (manager, parent) => manager.save(target, { name: 'new', parent }),
    },
    {
      name: `save() of a changed ${target.name}`,
      prepare: child,
      write: (manager, node) => manager.save(target, { id: node.id, name: 'after' }),
    },
    {
      name: `remove() of a ${target.name}`,
      prepare: child,
      write: (manager, node) => manager.remove(target, node),
    },
  ];
};

export const ways: readonly Way[] = [
  { name: 'save() of a new row', write: (manager) => manager.save(Ticket, { name: 'new' }) },
  { name: 'save() of several', write: (manager) => manager.save(Ticket, [{ name: 'a' }, { name: 'b' }]) },
  {
    name: 'save() of a changed row',
    prepare: ticket,
    write: (manager, { id }) => manager.save(Ticket, { id, name: 'after' }),
  },
  { name: 'remove()', prepare: ticket, write: (manager, found) => manager.remove(Ticket, found) },
  { name: 'softRemove()', prepare: ticket, write: (manager, { id }) => manager.softRemove(Ticket, { id }) },
  {
    name: 'recover()',
    prepare: async (manager) => manager.softRemove(Ticket, await ticket(manager)),
    write: (manager, { id }) => manager.recover(Ticket, { id }),
  },
  {
    name: 'save() with a new child',
    write: (manager) => manager.save(Ticket, { name: 'parent', comments: [{ name: 'child' }] }),
  },
  {
    name: 'save() that drops a child',
    prepare: commented,
    write: (manager, { id }) => manager.save(Ticket, { id, comments: [] }),
  },
  {
    name: 'remove() of a parent',
    prepare: commented,
    write: (manager, found) => manager.remove(Ticket, found),
  },
  {
    name: 'remove() of a parent that is not audited',
    prepare: async (manager) => {
      const cart = await manager.save(Cart, { name: 'cart' });
      await manager.save(Line, { name: 'line', cart });
      return cart;
    },
    write: (manager, cart) => manager.remove(Cart, cart),
  },
  {
    name: 'save() of a new many-to-many link',
    prepare: labelled,
    write: (manager, { id, labels, spare }) => manager.save(Ticket, { id, labels: [...labels, spare] }),
  },
  {
    name: 'save() without a many-to-many link',
    prepare: labelled,
    write: (manager, { id }) => manager.save(Ticket, { id, labels: [] }),
  },
  ...treesOf(ClosureNode),
  ...treesOf(PathNode),
  ...treesOf(SetNode),
  { name: 'save() of a schema’s row', write: (manager) => manager.save(Memo, { name: 'new' }) },
  { name: 'insert()', write: (manager) => manager.insert(Ticket, [{ name: 'a' }, { name: 'b' }]) },
  {
    name: 'upsert()',
    prepare: labelled,
    write: (manager, { spare }) =>
      manager.upsert(
        Label,
        [
          { id: spare.id, name: 'after' },
          { id: spare.id + 1000, name: 'new' },
        ],
        ['id'],
      ),
  },
  {
    name: 'update()',
    prepare: ticket,
    write: (manager, { id }) => manager.update(Ticket, id, { name: 'after' }),
  },
  {
    name: 'update() by other criteria',
    prepare: called('late'),
    write: (manager) => manager.update(Ticket, { name: 'late' }, { name: 'after' }),
  },
  {
    name: 'increment()',
    prepare: labelled,
    write: (manager, { labels }) => manager.increment(Label, { id: labels[0].id }, 'id', 5000),
  },
  { name: 'delete()', prepare: ticket, write: (manager, { id }) => manager.delete(Ticket, id) },
  {
    name: 'delete() by other criteria',
    prepare: called('old'),
    write: (manager) => manager.delete(Ticket, { name: 'old' }),
  },
  { name: 'softDelete()', prepare: ticket, write: (manager, { id }) => manager.softDelete(Ticket, id) },
  {
    name: 'restore()',
    prepare: async (manager) => manager.softRemove(Ticket, await ticket(manager)),
    write: (manager, { id }) => manager.restore(Ticket, id),
  },
  {
    name: 'relation().add()',
    prepare: labelled,
    write: (manager, { id, spare }) =>
      manager.createQueryBuilder().relation(Ticket, 'labels').of(id).add(spare.id),
  },
  {
    name: 'relation().set()',
    prepare: commented,
    write: (manager, { comments }) =>
      manager.createQueryBuilder().relation(Comment, 'ticket').of(comments[0].id).set(null),
  },
  {
    name: 'clear()',
    prepare: (manager) => manager.save(Draft, { name: 'draft' }),
    write: (manager) => manager.clear(Draft),
  },
  {
    name: 'clear() of a repository',
    prepare: (manager) => manager.save(Memo, { name: 'memo' }),
    write: async (manager) => manager.getRepository(Memo).clear(),
  },
  {
    name: 'a transaction whose failure is caught',
    prepare: ticket,
    write: async (manager, { id }) => {
      let failure: Error | undefined;
      await manager.transaction(async (inner) => {
        await inner.update(Ticket, id, { name: 'after' }).catch((error: Error) => (failure = error));
      });
      if (failure) throw failure;
    },
  },
];

/** Those that only PostgreSQL knows. */
export const postgresWays: readonly Way[] = [
  {
    name: 'an update within a SELECT',
    prepare: ticket,
    write: (manager, { id }) => {
      const part = manager
        .createQueryBuilder()
        .update(Ticket)
        .set({ name: 'after' })
        .where({ id })
        .returning('id');
      const select = manager.createQueryBuilder().addCommonTableExpression(part, 'part').select('id');
      return select.from('part', 'part').getRawMany();
    },
  },
  {
    name: 'a delete within an update',
    prepare: ticket,
    write: (manager, { id }) => {
      const part = manager.createQueryBuilder().delete().from(Ticket).where({ id }).returning('id');
      const builder = manager.createQueryBuilder().addCommonTableExpression(part, 'part').update(Cart);
      return builder.set({ name: 'after' }).where('id IN (SELECT id FROM part)').execute();
    },
  },
];
