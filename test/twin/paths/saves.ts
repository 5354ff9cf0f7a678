import { Branch, Folder, Item, Note, Pair, Shelf, Tag } from '../../support/entities/shelves.js';
import { type Target, type WritePath } from './write-path.js';

const shelfOf = ({ manager, row }: Target): Promise<Shelf> =>
  manager.findOneOrFail(Shelf, {
    where: { id: row },
    relations: { items: true },
    order: { items: { id: 'ASC' } },
  });

const taggedItem = ({ manager, row }: Target): Promise<Item> =>
  manager.findOneOrFail(Item, { where: { id: row }, relations: { tags: true } });

const goneItem = ({ manager, row }: Target): Promise<Item> =>
  manager.findOneOrFail(Item, { where: { id: 6 + row }, withDeleted: true });

const moves = 'save() that moves in a materialized path';

const writes: Record<string, WritePath['write']> = {
  'save() of a new row': async ({ manager, value }) => {
    const given = { code: `new ${value}` };
    return { result: await manager.save(Item, given), given };
  },
  'save() of a new instance': async ({ manager, row, value }) =>
    manager.save(manager.create(Item, { code: `new ${value}`, shelf: { id: row } })),
  'save() of a changed row': async ({ manager, row, value }) => {
    const item = await manager.findOneByOrFail(Item, { id: row });
    item.n = value;
    return manager.save(item);
  },
  'save() of a partial row': async ({ manager, row, value }) =>
    manager.save(Item, { id: row, note: `note ${value}` }),
  'save() of an unchanged row': async ({ manager, row }) =>
    manager.save(await manager.findOneByOrFail(Item, { id: row })),
  'save() of many': async ({ manager, row, value }) =>
    manager.save(Item, [{ code: `p ${value}` }, { id: row, n: value }, { code: `q ${value}` }]),
  'save() in chunks': async ({ manager, value }) =>
    manager.save(
      Pair,
      ['p', 'q', 'r'].map((b) => ({ a: value, b })),
      { chunk: 2 },
    ),
  'save() without reload': async ({ manager, value }) =>
    manager.save(Item, { code: `new ${value}` }, { reload: false }),
  'save() without listeners': async ({ manager, row, value }) =>
    manager.save(Item, { id: row, n: value }, { listeners: false }),
  'save() with data': async ({ manager, row, value }) =>
    manager.save(Item, { id: row, n: value }, { data: { by: 'me' } }),
  'save() with { transaction: false }': async ({ manager, value }) =>
    manager.save(Tag, { id: value, label: 'bare' }, { transaction: false }),
  'save() of a natural key': async ({ manager, value }) =>
    manager.save(Tag, { id: value, label: `tag ${value}` }),
  'save() with a cascade': async ({ manager, value }) =>
    manager.save(Shelf, { label: `s ${value}`, items: [{ code: `p ${value}` }, { code: `q ${value}` }] }),
  'save() that drops children': async (target) => {
    const shelf = await shelfOf(target);
    shelf.items = [];
    return target.manager.save(shelf);
  },
  'save() of a many-to-many': async (target) => {
    const item = await taggedItem(target);
    item.tags = [item.tags[0], await target.manager.findOneByOrFail(Tag, { id: 3 })];
    return target.manager.save(item);
  },
  'save() of a materialized path': async ({ manager, value }) =>
    manager.save(Folder, { name: `f ${value}`, parent: await manager.findOneByOrFail(Folder, { id: 2 }) }),
  [moves]: async ({ manager, value }) => {
    const leaf = await manager.findOneByOrFail(Folder, { id: 3 });
    leaf.name = `f ${value}`;
    leaf.parent = await manager.findOneByOrFail(Folder, { id: 1 });
    return manager.save(leaf);
  },
  'save() of a closure table': async ({ manager, value }) =>
    manager.save(Branch, { name: `b ${value}`, parent: await manager.findOneByOrFail(Branch, { id: 2 }) }),
  'save() of what is not audited': async ({ manager, value }) =>
    manager.save(Note, { id: value, text: 'new' }),
  'remove()': async ({ manager, row }) => manager.remove(await manager.findOneByOrFail(Item, { id: row })),
  'remove() of many': async ({ manager, row }) => manager.remove(await manager.findBy(Pair, { a: row })),
  'softRemove()': async ({ manager, row }) =>
    manager.softRemove(await manager.findOneByOrFail(Item, { id: row })),
  'recover()': async (target) => target.manager.recover(await goneItem(target)),
  'save() that breaks a unique key': async ({ manager, row, value }) =>
    manager.save(Item, { code: row === 1 ? 'e' : `new ${value}` }),
  'save() that fails halfway': async ({ manager, value }) =>
    manager.save([manager.create(Pair, { a: value, b: 'half' }), manager.create(Item, { code: 'e' })]),
  'save() that breaks a NOT NULL': async ({ manager, row, value }) =>
    manager.save(Item, { code: row === 1 ? (null as unknown as string) : `new ${value}` }),
};

/** The writes of the persistence layer. */
export const saves: WritePath[] = Object.entries(writes).map(([name, write]) => ({
  name,
  kind: 'transaction',
  isOfOneRow: name === moves,
  write,
}));
