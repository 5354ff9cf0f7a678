import { type DataSource, type EntityManager, In, MoreThan } from 'typeorm';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { Customer, Line, Note, Purchase, Tag } from '../entities/shop.js';

/** Adds the rows that are there before the first write, past the library. */
export async function addRows(dataSource: DataSource): Promise<void> {
  const { driver } = dataSource;
  const insert = (table: string, columns: string[], ...rows: string[]): Promise<unknown> =>
    dataSource.query(
      `INSERT INTO ${driver.escape(table)} (${columns.map((column) => driver.escape(column)).join(', ')}) VALUES ${rows.join(', ')}`,
    );
  await insert('customer', ['id', 'name'], `(1, 'Ann')`, `(2, 'Bob')`);
  await insert('note', ['id', 'text', 'customerId'], `(1, 'one', 1)`, `(2, 'two', 1)`, `(3, 'three', NULL)`);
  await insert('purchase', ['id', 'total', 'customerId'], `(1, 10, 1)`);
  await insert('line', ['sku', 'position', 'quantity', 'purchaseId'], `('a', 1, 1, 1)`, `('a', 2, 2, 1)`);
  await insert('tag', ['name', 'label'], `('red', 'Red')`, `('blue', 'Blue')`);
  await insert('purchase_tags', ['purchaseId', 'tagName'], `(1, 'red')`);
}

/** The operations of each history, with what the row is called, by table and key. */
export async function histories(dataSource: DataSource): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { metadata, revision, keys } of auditPlansOf(dataSource).all) {
    const rows = await dataSource
      .getRepository(revision.target)
      .createQueryBuilder('r')
      .orderBy('r.revVersion')
      .getRawMany<Record<string, string | number | null>>();
    for (const row of rows) {
      const key = keys.map(({ databaseName }) => String(row[`r_${databaseName}`])).join('/');
      const named = ['name', 'text', 'total', 'quantity', 'label']
        .map((column) => row[`r_${column}`])
        .find(
          (value) =>
            value !== undefined &&
            !keys.some(({ databaseName }) => row[`r_${databaseName}`] === value && databaseName === 'name'),
        );
      const isDelete = row.r_rev_operation === 'delete';
      (found[`${metadata.tableName} ${key}`] ??= []).push(
        [row.r_rev_operation, isDelete || named === undefined ? '' : String(named)].join(' ').trim(),
      );
    }
  }
  return found;
}

/** A write of rows that were there before, and what the histories are after it: operations by table and key. */
export interface FirstWrite {
  readonly name: string;
  readonly write: (manager: EntityManager) => Promise<unknown>;
  readonly expected: Record<string, string[]>;
}

export const FIRST_WRITES: readonly FirstWrite[] = [
  {
    name: 'save() of a changed entity',
    write: async (manager) => {
      const customer = await manager.findOneByOrFail(Customer, { id: 1 });
      await manager.save(Object.assign(customer, { name: 'Anna' }));
    },
    expected: { 'customer 1': ['baseline Ann', 'update Anna'] },
  },
  {
    name: 'save() of a part of an entity',
    write: (manager) => manager.save(Customer, { id: 1, name: 'Anna' }),
    expected: { 'customer 1': ['baseline Ann', 'update Anna'] },
  },
  {
    name: 'save() of several entities of two tables',
    write: async (manager) => {
      const [customer] = await manager.find(Customer, { where: { id: 1 }, relations: { notes: true } });
      for (const note of customer.notes) note.text += '!';
      await manager.save([Object.assign(customer, { name: 'Anna' })]);
    },
    expected: {
      'customer 1': ['baseline Ann', 'update Anna'],
      'note 1': ['baseline one', 'update one!'],
      'note 2': ['baseline two', 'update two!'],
    },
  },
  {
    name: 'update() by id',
    write: (manager) => manager.update(Customer, 1, { name: 'Anna' }),
    expected: { 'customer 1': ['baseline Ann', 'update Anna'] },
  },
  {
    name: 'update() by criteria',
    write: (manager) =>
      manager.update(Customer, { name: In(['Ann', 'Bob']), id: MoreThan(0) }, { name: 'X' }),
    expected: { 'customer 1': ['baseline Ann', 'update X'], 'customer 2': ['baseline Bob', 'update X'] },
  },
  {
    name: 'increment()',
    write: (manager) => manager.increment(Purchase, { total: MoreThan(0) }, 'total', 5),
    expected: { 'purchase 1': ['baseline 10', 'update 15'] },
  },
  {
    name: 'upsert() of a row that is there',
    write: (manager) =>
      manager.upsert(
        Note,
        [
          { id: 4, text: 'four' },
          { id: 3, text: 'three!' },
        ],
        ['id'],
      ),
    expected: { 'note 3': ['baseline three', 'update three!'], 'note 4': ['insert four'] },
  },
  {
    name: 'delete() by id',
    write: (manager) => manager.delete(Note, 3),
    expected: { 'note 3': ['baseline three', 'delete'] },
  },
  {
    name: 'delete() by criteria',
    write: (manager) => manager.delete(Note, { text: In(['two', 'three']) }),
    expected: { 'note 2': ['baseline two', 'delete'], 'note 3': ['baseline three', 'delete'] },
  },
  {
    name: 'remove()',
    write: async (manager) => manager.remove(await manager.findOneByOrFail(Note, { id: 3 })),
    expected: { 'note 3': ['baseline three', 'delete'] },
  },
  {
    name: 'softDelete() and restore()',
    write: async (manager) => {
      await manager.softDelete(Customer, { name: 'Bob' });
      await manager.restore(Customer, 2);
    },
    expected: { 'customer 2': ['baseline Bob', 'soft-delete Bob', 'restore Bob'] },
  },
  {
    name: 'softRemove() and recover()',
    write: async (manager) => {
      const customer = await manager.findOneByOrFail(Customer, { id: 2 });
      await manager.softRemove(customer);
      await manager.recover(customer);
    },
    expected: { 'customer 2': ['baseline Bob', 'soft-delete Bob', 'restore Bob'] },
  },
  {
    name: 'delete() that cascades',
    write: (manager) => manager.delete(Customer, 1),
    expected: {
      'customer 1': ['baseline Ann', 'delete'],
      'note 1': ['baseline one', 'update one'],
      'note 2': ['baseline two', 'update two'],
      'purchase 1': ['baseline 10', 'delete'],
      'line a/1': ['baseline 1', 'delete'],
      'line a/2': ['baseline 2', 'delete'],
      'purchase_tags 1/red': ['baseline', 'delete'],
    },
  },
  {
    name: 'remove() that cascades',
    write: async (manager) => manager.remove(await manager.findOneByOrFail(Purchase, { id: 1 })),
    expected: {
      'purchase 1': ['baseline 10', 'delete'],
      'line a/1': ['baseline 1', 'delete'],
      'line a/2': ['baseline 2', 'delete'],
      'purchase_tags 1/red': ['baseline', 'delete'],
    },
  },
  {
    name: 'a many-to-many changed by save()',
    write: async (manager) => {
      const purchase = await manager.findOneOrFail(Purchase, { where: { id: 1 }, relations: { tags: true } });
      purchase.tags = [await manager.findOneByOrFail(Tag, { name: 'blue' })];
      await manager.save(purchase);
    },
    expected: { 'purchase_tags 1/blue': ['insert'], 'purchase_tags 1/red': ['baseline', 'delete'] },
  },
  {
    name: 'a many-to-many changed by relation()',
    write: (manager) => manager.createQueryBuilder().relation(Purchase, 'tags').of(1).remove('red'),
    expected: { 'purchase_tags 1/red': ['baseline', 'delete'] },
  },
  {
    name: 'children dropped from a one-to-many, set to null',
    write: async (manager) => {
      const customer = await manager.findOneOrFail(Customer, {
        where: { id: 1 },
        relations: { notes: true },
      });
      customer.notes = customer.notes.filter(({ id }) => id !== 1);
      await manager.save(customer);
    },
    expected: { 'note 1': ['baseline one', 'update one'] },
  },
  {
    name: 'children dropped from a one-to-many, deleted',
    write: async (manager) => {
      const purchase = await manager.findOneOrFail(Purchase, {
        where: { id: 1 },
        relations: { lines: true },
      });
      purchase.lines = purchase.lines.filter(({ position }) => position !== 1);
      await manager.save(purchase);
    },
    expected: { 'line a/1': ['baseline 1', 'delete'] },
  },
  {
    name: 'clear()',
    write: (manager) => manager.clear(Line),
    expected: { 'line a/1': ['baseline 1', 'delete'], 'line a/2': ['baseline 2', 'delete'] },
  },
  {
    name: 'two writes of a row',
    write: async (manager) => {
      await manager.update(Customer, 1, { name: 'Anna' });
      await manager.save(Customer, { id: 1, name: 'Anne' });
    },
    expected: { 'customer 1': ['baseline Ann', 'update Anna', 'update Anne'] },
  },
  {
    name: 'writes in a transaction that has read',
    write: (manager) =>
      manager.transaction(async (inner) => {
        const customer = await inner.findOneByOrFail(Customer, { id: 1 });
        await inner.save(Object.assign(customer, { name: 'Anna' }));
        await inner.update(Customer, { name: 'Bob' }, { name: 'Bert' });
      }),
    expected: {
      'customer 1': ['baseline Ann', 'update Anna'],
      'customer 2': ['baseline Bob', 'update Bert'],
    },
  },
  {
    name: 'a write that changes nothing',
    write: (manager) => manager.update(Customer, 1, { name: 'Ann' }),
    expected: { 'customer 1': ['baseline Ann'] },
  },
];
