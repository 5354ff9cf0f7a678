import { afterEach, expect, it } from '@jest/globals';
import {
  type AttachedAudit,
  attachAudit,
  Audited,
  AuditEvent,
  type AuditOptions,
  revisionOf,
  SkippedWriteError,
} from 'nestjs-typeorm-audit';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  type EntityManager,
  JoinTable,
  ManyToMany,
  ManyToOne,
  MoreThan,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Entity()
class Shop {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

@Audited({ name: 'labels' })
@Entity()
class Label {
  @PrimaryGeneratedColumn() id: number;
  @Column() text: string;
}

@Audited()
@Entity()
class Item {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) code: number;
  @Column({ default: 0 }) price: number;
  @DeleteDateColumn() deleted: Date | null;
  @ManyToOne(() => Shop, { onDelete: 'CASCADE', nullable: true }) shop: Shop | null;
  @ManyToMany(() => Label) @JoinTable({ name: 'item_label' }) labels: Label[];
}

@Audited({ when: (write) => write.actor !== 'import' })
@Entity()
class Stock {
  @PrimaryGeneratedColumn() id: number;
  @Column() pieces: number;
}

describeDatabases('the option skips', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let audit: AttachedAudit;
  const recorder = new QueryRecorder();

  async function start(options: AuditOptions = {}): Promise<void> {
    database = await createDatabase(name);
    dataSource = new DataSource({
      ...database.options,
      entities: [Shop, Label, Item, Stock],
      synchronize: true,
      logging: true,
      logger: recorder,
    });
    await dataSource.initialize();
    audit = attachAudit(dataSource, options);
  }

  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const events = (): Promise<AuditEvent[]> =>
    dataSource.getRepository(AuditEvent).find({ order: { id: 'ASC' } });
  const skipped = async (): Promise<unknown[]> =>
    (await events()).map(({ entity, details }) => [entity!.split('.').at(-1), details]);
  const without = <T>(fn: (manager: EntityManager) => Promise<T>): Promise<T> =>
    audit.context.without(() => fn(dataSource.manager));
  const codes = (from: number, to: number): { code: number }[] =>
    Array.from({ length: to - from + 1 }, (_, n) => ({ code: from + n }));

  it('is in the feed under the audited name of the entity', async () => {
    await start();
    await without((manager) => manager.insert(Label, { text: 'fragile' }));
    const [event] = (await audit.history.feed({ events: true })).items;
    expect(event).toMatchObject({ kind: 'event', action: 'audit.skipped', entity: 'labels' });
    expect(await skipped()).toEqual([['label', { operation: 'insert', rows: 1, by: 'without' }]]);
  });

  it('leaves an event for each statement of a builder, with the number of rows', async () => {
    await start();
    const inserted = await audit.context.run({ actor: 'ann', onBehalf: 'bea' }, () =>
      without((manager) => manager.insert(Item, codes(1, 3))),
    );
    expect(inserted.identifiers).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(await without((manager) => manager.update(Item, { price: 0 }, { price: 7 }))).toMatchObject({
      affected: 3,
    });
    await without((manager) => manager.upsert(Item, [{ code: 3, price: 8 }, { code: 4 }], ['code']));
    await without((manager) => manager.softDelete(Item, { code: 4 }));
    await without((manager) => manager.restore(Item, { code: 4 }));
    await without((manager) => manager.increment(Item, { code: 4 }, 'price', 1));
    await without((manager) => manager.delete(Item, { price: 7 }));
    await without((manager) => manager.delete(Item, { price: 7 }));
    await without((manager) => manager.createQueryBuilder().update('item').set({ price: 1 }).execute());
    const by = 'without';
    expect(await skipped()).toEqual([
      ['item', { operation: 'insert', rows: 3, by }],
      ['item', { operation: 'update', rows: 3, by }],
      ['item', { operation: 'insert', rows: 2, by }],
      ['item', { operation: 'soft-delete', rows: 1, by }],
      ['item', { operation: 'restore', rows: 1, by }],
      ['item', { operation: 'update', rows: 1, by }],
      ['item', { operation: 'delete', rows: 2, by }],
      ['item_label', { operation: 'delete', rows: null, by }],
      ['item', { operation: 'update', rows: 2, by }],
    ]);
    const [first, second] = await events();
    expect(first).toMatchObject({ action: 'audit.skipped', actor: 'ann', onBehalf: 'bea', target: null });
    expect(second.transaction).not.toBe(first.transaction);
    expect(await dataSource.getRepository(revisionOf(Item)).count()).toBe(0);
  });

  it('leaves nothing of writes that are recorded, and of tables that are not audited', async () => {
    await start();
    const shop = await without((manager) => manager.save(Shop, { name: 'a' }));
    await dataSource.manager.save(Item, { code: 1, shop });
    await without((manager) => manager.delete(Label, 1));
    await without((manager) => manager.save(Label, []));
    expect(await events()).toEqual([]);
    await expectInvariants(dataSource);
  });

  it('leaves one event for each table and operation of a save()', async () => {
    await start();
    await without((manager) => manager.save(Item, codes(1, 1)));
    recorder.clear();
    const items = await without((manager) => manager.save(Item, manager.create(Item, codes(101, 400))));
    expect(recorder.statements.filter((text) => text.includes('audit_event'))).toHaveLength(1);
    for (const item of items.slice(0, 100)) item.price = 9;
    items[0].labels = [await dataSource.manager.save(Label, { text: 'new' })];
    await without((manager) => manager.save(items.slice(0, 100)));
    await without((manager) => manager.remove(items.slice(0, 2)));
    const by = 'without';
    expect((await skipped()).slice(1, 4)).toEqual([
      ['item', { operation: 'insert', rows: 300, by }],
      ['item_label', { operation: 'insert', rows: 1, by }],
      ['item', { operation: 'update', rows: 100, by }],
    ]);
    expect((await skipped()).slice(4)).toContainEqual(['item', { operation: 'delete', rows: 2, by }]);
    expect((await skipped()).slice(4)).toContainEqual(['item_label', expect.objectContaining({ by })]);
  });

  it('leaves an event of { listeners: false }, in the transaction of the write', async () => {
    await start();
    const item = await dataSource.transaction(async (manager) => {
      const saved = await manager.save(Item, { code: 1 }, { listeners: false });
      await manager.insert(Label, { text: 'a' });
      return saved;
    });
    await dataSource.manager.remove(Item, item, { listeners: false });
    await dataSource.manager.save(Item, { code: 2 }, { listeners: false, transaction: false });
    expect((await skipped()).filter((event) => (event as unknown[])[0] === 'item')).toEqual([
      ['item', { operation: 'insert', rows: 1, by: 'listeners' }],
      ['item', { operation: 'delete', rows: 1, by: 'listeners' }],
      ['item', { operation: 'insert', rows: 1, by: 'listeners' }],
    ]);
    const [label] = await dataSource.getRepository(revisionOf(Label)).find();
    expect((await events())[0].transaction).toBe(label.revTransaction);
  });

  it('leaves an event of a write that when declines', async () => {
    await start();
    await audit.context.run({ actor: 'import' }, async () => {
      await dataSource.manager.save(Stock, [{ pieces: 1 }, { pieces: 2 }]);
      await dataSource.manager.update(Stock, { id: MoreThan(0) }, { pieces: 3 });
    });
    expect(await skipped()).toEqual([
      ['stock', { operation: 'insert', rows: 2, by: 'when' }],
      ['stock', { operation: 'update', rows: 2, by: 'when' }],
    ]);
    await dataSource.manager.update(Stock, { id: MoreThan(0) }, { pieces: 4 });
    expect(await events()).toHaveLength(2);
    await expectInvariants(dataSource);
  });

  it('rolls the event back with its write', async () => {
    await start();
    const failing = dataSource.transaction(async (manager) => {
      await audit.context.without(() => manager.insert(Item, { code: 1 }));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await dataSource.manager.insert(Item, { code: 2 });
    await expect(without((manager) => manager.insert(Item, { code: 2 }))).rejects.toThrow(
      /unique|duplicate/i,
    );
    expect(await events()).toEqual([]);
    await expectInvariants(dataSource);
  });

  it('counts the statements of a loop in a transaction, anew after a savepoint is rolled back', async () => {
    await start();
    await dataSource.transaction(async (manager) => {
      const insert = (from: number, to: number) =>
        audit.context.without(async () => {
          for (const item of codes(from, to)) await manager.insert(Item, item);
        });
      await insert(1, 210);
      expect(await manager.count(AuditEvent)).toBe(101);
      const inner = manager.transaction(async (nested) => {
        await audit.context.without(() => nested.insert(Item, { code: 211 }));
        throw new Error('no');
      });
      await expect(inner).rejects.toThrow('no');
      await insert(212, 212);
    });
    expect((await skipped()).slice(99)).toEqual([
      ['item', { operation: 'insert', rows: 1, by: 'without' }],
      ['item', { operation: 'insert', rows: 100, by: 'without', statements: 100 }],
      ['item', { operation: 'insert', rows: 1, by: 'without' }],
    ]);
  });

  it('leaves events of the tables that foreign keys reach, of which the rows are not known', async () => {
    await start();
    const shop = await dataSource.manager.save(Shop, { name: 'a' });
    await without((manager) => manager.delete(Shop, shop.id + 1));
    expect(await events()).toEqual([]);
    await without((manager) => manager.delete(Shop, shop.id));
    const other = await dataSource.manager.save(Shop, { name: 'b' });
    await without((manager) => manager.remove(Shop, other));
    const reached = [
      ['item', { operation: 'delete', rows: null, by: 'without' }],
      ['item_label', { operation: 'delete', rows: null, by: 'without' }],
    ];
    expect(await skipped()).toEqual([...reached, ...reached]);
  });

  it('leaves an event of clear() and of a restore', async () => {
    await start();
    const { id } = await dataSource.manager.save(Stock, { pieces: 1 });
    await dataSource.manager.update(Stock, id, { pieces: 2 });
    await without(() => audit.history.restore(Stock, id, 1));
    expect(await dataSource.manager.findOneBy(Stock, { id })).toMatchObject({ pieces: 1 });
    await without((manager) => manager.clear(Stock));
    expect(await dataSource.manager.count(Stock)).toBe(0);
    expect(await skipped()).toEqual([
      ['stock', { operation: 'update', rows: 1, by: 'without' }],
      ['stock', { operation: 'delete', rows: null, by: 'without' }],
    ]);
  });

  it('refuses each such write, and stores nothing of it', async () => {
    await start({ skips: 'refuse' });
    const stock = await dataSource.manager.save(Stock, { pieces: 1 });
    const { id } = await dataSource.manager.save(Item, { code: 1, price: 1 });
    await dataSource.manager.update(Item, id, { price: 0 });
    const refusals: [() => Promise<unknown>, string][] = [
      [() => without((manager) => manager.insert(Item, { code: 2 })), 'Item would be left out'],
      [() => without((manager) => manager.save(Item, { id, price: 2 })), 'by AuditContext.without()'],
      [() => without((manager) => manager.delete(Shop, 7)), 'Item would be left out'],
      [() => without((manager) => manager.clear(Stock)), 'Take the write out of without()'],
      [() => without(() => audit.history.restore(Item, id, 1)), 'by AuditContext.without()'],
      [() => dataSource.manager.save(Item, { code: 2 }, { listeners: false }), 'by { listeners: false }'],
      [
        () => audit.context.run({ actor: 'import' }, () => dataSource.manager.delete(Stock, stock.id)),
        'by @Audited({ when })',
      ],
    ];
    for (const [write, message] of refusals) {
      const refused = write();
      await expect(refused).rejects.toThrow(SkippedWriteError);
      await expect(refused).rejects.toThrow(message);
    }
    await expect(refusals.at(-1)![0]()).rejects.toMatchObject({ entity: 'stock', by: 'when' });
    expect(await dataSource.manager.find(Item)).toMatchObject([{ id, code: 1, price: 0 }]);
    expect(await dataSource.manager.count(Stock)).toBe(1);
    expect(await events()).toEqual([]);
    await expectInvariants(dataSource);
  });

  it('allows them without a trace', async () => {
    await start({ skips: 'allow' });
    await without((manager) => manager.insert(Item, { code: 1 }));
    await without((manager) => manager.save(Item, { id: 1, price: 2 }));
    await dataSource.manager.save(Item, { id: 1, price: 3 }, { listeners: false });
    await audit.context.run({ actor: 'import' }, () => dataSource.manager.save(Stock, { pieces: 1 }));
    await without((manager) => manager.clear(Stock));
    expect(await events()).toEqual([]);
  });

  it('fails the write if its trace fails, and lets it pass where the table is missing from the start', async () => {
    await start();
    await without((manager) => manager.insert(Item, { code: 1 }));
    await dataSource.query('DROP TABLE audit_event');
    await expect(without((manager) => manager.insert(Item, { code: 2 }))).rejects.toThrow(/audit_event/);
    await expect(without((manager) => manager.save(Item, { code: 3 }))).rejects.toThrow(/audit_event/);
    expect(await dataSource.manager.count(Item)).toBe(1);
    audit.detach();
    audit = attachAudit(dataSource);
    recorder.clear();
    await without((manager) => manager.insert(Item, { code: 2 }));
    await without((manager) => manager.save(Item, { code: 3 }));
    expect(await dataSource.manager.count(Item)).toBe(3);
  });
});
