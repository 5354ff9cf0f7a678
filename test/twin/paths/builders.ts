import { type DataSource, In } from 'typeorm';
import { Item, Note, Pair, Place, Shelf, Tag } from '../../support/entities/shelves.js';
import { type TwinDatabase, type WritePath } from './write-path.js';

/** A path by which TypeORM knows no entity. */
function pathTo(table: string, { connection }: { connection: DataSource }): string {
  const { type, database } = connection.options;
  if (type === 'postgres') return `public.${table}`;
  return type === 'better-sqlite3' ? `main.${table}` : `${String(database)}.${table}`;
}

const writes: Record<string, WritePath['write']> = {
  'insert()': async ({ manager, value }) => {
    const given = { code: `new ${value}` };
    return { result: await manager.insert(Item, given), given };
  },
  'insert() of many': async ({ manager, row, value }) => {
    const given = [
      { code: `p ${value}`, shelf: { id: row } },
      { code: `q ${value}`, n: 0 },
    ];
    return { result: await manager.insert(Item, given), given };
  },
  'insert() of a natural key': async ({ manager, value }) =>
    manager.insert(Tag, { id: value, label: `t ${value}` }),
  'insert() of what is not audited': async ({ manager, value }) =>
    manager.insert(Note, { id: value, text: 'new' }),
  'an insert with orIgnore()': async ({ manager, value }) =>
    manager
      .createQueryBuilder()
      .insert()
      .into(Pair)
      .values([
        { a: 1, b: 'x', v: 9 },
        { a: value, b: 'n' },
      ])
      .orIgnore()
      .execute(),
  'an insert with orUpdate()': async ({ manager, row, value }) =>
    manager
      .createQueryBuilder()
      .insert()
      .into(Pair)
      .values({ a: row, b: 'x', v: value })
      .orUpdate(['v'], ['a', 'b'])
      .execute(),
  'an insert with useTransaction(true)': async ({ manager, value }) =>
    manager
      .createQueryBuilder()
      .insert()
      .into(Item)
      .values({ code: `new ${value}` })
      .useTransaction(true)
      .execute(),
  'an insert with updateEntity(false)': async ({ manager, value }) => {
    const given = { code: `new ${value}` };
    return {
      result: await manager
        .createQueryBuilder()
        .insert()
        .into(Item)
        .values(given)
        .updateEntity(false)
        .execute(),
      given,
    };
  },
  'upsert() of a new row': async ({ manager, value }) => {
    const given = { code: `new ${value}`, n: value };
    return { result: await manager.upsert(Item, given, ['code']), given };
  },
  'upsert() of a known row': async ({ manager, row, value }) =>
    manager.upsert(Item, { code: 'abc'[row - 1], n: value }, ['code']),
  'upsert() of many': async ({ manager, row, value }) =>
    manager.upsert(
      Pair,
      [
        { a: row, b: 'x', v: value },
        { a: value, b: 'n' },
      ],
      ['a', 'b'],
    ),
  'update(id)': async ({ manager, row, value }) => manager.update(Item, row, { n: value }),
  'update(ids)': async ({ manager, row, value }) => manager.update(Item, [row, row + 3], { n: value }),
  'update(criteria)': async ({ manager, row, value }) =>
    manager.update(Item, { n: In([row, row + 3]) }, { note: `note ${value}` }),
  'update(criteria) that match nothing': async ({ manager, value }) =>
    manager.update(Item, { n: 9999 }, { note: `${value}` }),
  'update() to the same': async ({ manager, row }) => manager.update(Pair, { a: row }, { v: 1 }),
  'update() of a key': async ({ manager, row, value }) =>
    manager.update(Pair, { a: row }, { b: `${value % 1000}` }),
  'update() of what is not audited': async ({ manager, row, value }) =>
    manager.update(Note, row, { text: `${value}` }),
  'an update by an expression': async ({ manager, row }) =>
    manager
      .createQueryBuilder()
      .update(Item)
      .set({ n: () => 'n * 2' })
      .where('id = :id OR id = :id + 3', { id: row })
      .execute(),
  'an update without listeners': async ({ manager, row, value }) =>
    manager
      .createQueryBuilder()
      .update(Item)
      .set({ n: value })
      .where({ id: row })
      .callListeners(false)
      .execute(),
  'an update with useTransaction(true)': async ({ manager, row, value }) =>
    manager
      .createQueryBuilder()
      .update(Item)
      .set({ n: value })
      .where({ id: row })
      .useTransaction(true)
      .execute(),
  'an update of entities': async ({ manager, row, value }) => {
    const item = await manager.findOneByOrFail(Item, { id: row });
    const result = await manager
      .createQueryBuilder()
      .update(Item)
      .set({ n: value })
      .whereEntity(item)
      .execute();
    return { result, item };
  },
  'increment()': async ({ manager, row, value }) => manager.increment(Item, { id: row }, 'n', value),
  'decrement()': async ({ manager, row, value }) => manager.decrement(Pair, { a: row }, 'v', value),
  'delete(id)': async ({ manager, row }) => manager.delete(Item, row),
  'delete(criteria)': async ({ manager, row }) => manager.delete(Item, { n: In([row, row + 3]) }),
  'delete(criteria) that match nothing': async ({ manager }) => manager.delete(Item, { n: 9999 }),
  'delete() of what others refer to': async ({ manager, row }) => manager.delete(Shelf, row),
  'delete() of what is not audited': async ({ manager, row }) => manager.delete(Note, row),
  'a delete with useTransaction(true)': async ({ manager, row }) =>
    manager.createQueryBuilder().delete().from(Pair).where({ a: row }).useTransaction(true).execute(),
  'softDelete(id)': async ({ manager, row }) => manager.softDelete(Item, row),
  'softDelete(criteria)': async ({ manager, row }) => manager.softDelete(Item, { n: row }),
  'restore(id)': async ({ manager, row }) => manager.restore(Item, 6 + row),
  'a restore with useTransaction(true)': async ({ manager, row }) =>
    manager
      .createQueryBuilder()
      .restore()
      .from(Item)
      .where({ id: 6 + row })
      .useTransaction(true)
      .execute(),
  'relation().add()': async ({ manager, row }) =>
    manager.createQueryBuilder().relation(Item, 'tags').of(row).add(4),
  'relation().remove()': async ({ manager, row }) =>
    manager.createQueryBuilder().relation(Item, 'tags').of(row).remove(2),
  'relation().set()': async ({ manager, row }) =>
    manager
      .createQueryBuilder()
      .relation(Item, 'shelf')
      .of(row)
      .set(1 + (row % 3)),
  'clear()': async ({ manager }) => manager.clear(Pair),
  'an insert by the table’s path': async ({ manager, value }) =>
    manager
      .createQueryBuilder()
      .insert()
      .into(pathTo('item', manager))
      .values({ code: `new ${value}` })
      .execute(),
  'an insert with orUpdate() by the table’s path': async ({ manager, row, value }) =>
    manager
      .createQueryBuilder()
      .insert()
      .into(pathTo('pair', manager))
      .values({ a: row, b: 'x', v: value })
      .orUpdate(['v'], ['a', 'b'])
      .execute(),
  'an update by the table’s path': async ({ manager, row, value }) =>
    manager
      .createQueryBuilder()
      .update(pathTo('item', manager))
      .set({ note: `note ${value}` })
      .where('n = :row OR n = :row + 3', { row })
      .execute(),
  'an update of a key by the table’s path': async ({ manager, row, value }) =>
    manager
      .createQueryBuilder()
      .update(pathTo('pair', manager))
      .set({ b: `${value % 1000}` })
      .where({ a: row })
      .execute(),
  'a delete by the table’s path': async ({ manager, row }) =>
    manager.createQueryBuilder().delete().from(pathTo('shelf', manager)).where({ id: row }).execute(),
  'insert() that breaks a unique key': async ({ manager, row, value }) =>
    manager.insert(Item, { code: row === 1 ? 'e' : `new ${value}` }),
  'insert() that breaks a NOT NULL': async ({ manager, row, value }) =>
    manager.insert(Item, { code: row === 1 ? (null as unknown as string) : `new ${value}` }),
  'insert() that breaks a foreign key': async ({ manager, row, value }) =>
    manager.insert(Item, { code: `new ${value}`, shelf: { id: row === 1 ? 999 : row } }),
  'update() that breaks a unique key': async ({ manager, row, value }) =>
    manager.update(Item, row, { code: row === 1 ? 'e' : `new ${value}` }),
};

const only = (databases: readonly TwinDatabase[], given: Record<string, WritePath['write']>): WritePath[] =>
  Object.entries(given).map(([name, write]) => ({ name, kind: 'statement', databases, write }));

/** The writes of query builders and of the manager's methods that make one. */
export const builders: WritePath[] = [
  ...Object.entries(writes).map(([name, write]): WritePath => ({
    name,
    kind: name.includes('useTransaction') ? 'transaction' : 'statement',
    write,
  })),
  ...only(['postgres', 'mariadb'], {
    'an insert with returning()': async ({ manager, value }) =>
      manager
        .createQueryBuilder()
        .insert()
        .into(Item)
        .values({ code: `new ${value}` })
        .returning(['n', 'code'])
        .execute(),
    'a delete with returning()': async ({ manager, row }) =>
      manager.createQueryBuilder().delete().from(Pair).where({ a: row }).returning('*').execute(),
  }),
  ...only(['postgres'], {
    'an update with returning()': async ({ manager, row, value }) =>
      manager
        .createQueryBuilder()
        .update(Item)
        .set({ n: value })
        .where({ id: In([row, row + 3]) })
        .returning('n + 1 AS plus')
        .execute(),
    'update() that breaks a deferred key': async ({ manager, row, value }) =>
      manager.update(Place, row, { position: row === 1 ? 4 : value }),
    'upsert() that skips what is unchanged': async ({ manager, row }) =>
      manager.upsert(
        Pair,
        { a: row, b: 'x', v: 1 },
        { conflictPaths: ['a', 'b'], skipUpdateIfNoValuesChanged: true },
      ),
  }),
];
