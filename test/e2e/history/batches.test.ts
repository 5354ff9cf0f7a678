import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  Entity,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type TimelineOptions } from '../../../src/history/types/timeline.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

@Audited()
@Entity()
class Order {
  @PrimaryGeneratedColumn() id: number;
  @Column() status: string;
  @Column({ type: 'int', default: 0 }) total: number;
}

@Audited()
@Entity()
class Line {
  @PrimaryColumn() order: number;
  @PrimaryColumn({ length: 20 }) sku: string;
  @Column() count: number;
}

@Audited()
@Entity()
class Device {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column() name: string;
}

@Audited()
@Entity()
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
class Animal {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

@ChildEntity()
class Cat extends Animal {}

@ChildEntity()
class Dog extends Animal {}

describeDatabases('histories of several rows', (name) => {
  const queries = new QueryRecorder();
  const ids = Array.from({ length: 50 }, (_, n) => n + 1);
  let audited: AuditedDatabase;
  let history: HistoryService;

  beforeAll(async () => {
    audited = await openAudited(name, {
      entities: [Order, Line, Device, Animal, Cat, Dog],
      logging: ['query'],
      logger: queries,
    });
    const { dataSource, context } = audited;
    history = new HistoryService(dataSource);
    const orders = dataSource.getRepository(Order);
    await context.run({ actor: 'ann' }, () => orders.save(ids.map(() => ({ status: 'new' }))));
    await context.run({ actor: 'bob' }, () => orders.update({}, { status: 'paid' }).catch(() => undefined));
    // The n-th order has n % 5 more revisions.
    for (let more = 1; more < 5; more++)
      await context.run({ actor: more % 2 ? 'ann' : 'bob' }, () =>
        orders
          .createQueryBuilder()
          .update()
          .set(more === 2 ? { status: 'paid' } : { total: more })
          .where(`id % 5 >= ${more}`)
          .execute(),
      );
    await orders.delete([7, 8]);
    await dataSource.getRepository(Line).save([
      { order: 1, sku: 'a,b', count: 1 },
      { order: 1, sku: 'c', count: 2 },
    ]);
  });
  beforeEach(() => queries.clear());
  afterAll(async () => {
    await expectInvariants(audited.dataSource);
    await audited.close();
  });

  it('gives the newest revision of 50 rows by one query, as one by one', async () => {
    const newest = await history.latest(Order, ids);
    expect(queries.queries).toHaveLength(1);
    expect([...newest.keys()]).toEqual(ids);
    for (const id of ids) expect(newest.get(id)).toEqual(await history.latest(Order, id));
    expect(newest.get(7)).toMatchObject({ operation: 'delete', snapshot: null });
  });

  it('gives what a row without a history has, and a row that is named twice', async () => {
    const unknown = 4711;
    expect(await history.latest(Order, [3, unknown, 3])).toEqual(
      new Map([
        [3, await history.latest(Order, 3)],
        [unknown, null],
      ]),
    );
    expect(await history.timeline(Order, [unknown])).toEqual(
      new Map([[unknown, { items: [], nextCursor: null }]]),
    );
    expect(await history.latest(Order, [])).toEqual(new Map());
    expect(await history.timeline(Order, [])).toEqual(new Map());
  });

  it.each<[string, Omit<TimelineOptions<Order>, 'cursor'>, number]>([
    ['without filters', { limit: 3 }, 1],
    ['oldest first', { limit: 3, order: 'asc' }, 1],
    ['by actor', { limit: 2, actor: 'ann' }, 2],
    ['by property, oldest first', { property: 'status', order: 'asc' }, 2],
  ])('gives a page of each of 50 rows %s, as one by one', async (_, options, count) => {
    const pages = await history.timeline(Order, ids, options);
    expect(queries.queries).toHaveLength(count);
    expect([...pages.keys()]).toEqual(ids);
    for (const id of ids) {
      const page = await history.timeline(Order, id, options);
      expect(pages.get(id)).toEqual(page);
      expect(page.items.length).toBeGreaterThan(0);
    }
  });

  it('gives cursors with which one row goes on', async () => {
    const page = (await history.timeline(Order, [4, 9], { limit: 2 })).get(9)!;
    const rest = await history.timeline(Order, 9, { limit: 2, cursor: page.nextCursor });
    expect([...page.items, ...rest.items].map(({ version }) => version)).toEqual([5, 4, 3, 2]);
  });

  it('takes the same objects as ids that one row takes', async () => {
    const composite = [
      { order: 1, sku: 'a,b' },
      { order: 1, sku: 'c' },
    ];
    const newest = await history.latest(Line, composite);
    expect(composite.map((id) => newest.get(id)?.snapshot?.count)).toEqual([1, 2]);
    const entities = [Object.assign(new Order(), { id: 2 })];
    expect((await history.latest(Order, entities)).get(entities[0])?.entityId).toBe(2);
  });

  it('reads 250 rows by a query for each 100', async () => {
    const many = Array.from({ length: 250 }, (_, n) => n + 1);
    const newest = await history.latest(Order, many);
    expect(queries.queries).toHaveLength(3);
    expect([...newest.values()].filter(Boolean)).toHaveLength(50);
  });

  it('keeps to a child class', async () => {
    const { dataSource } = audited;
    const { id: cat } = await dataSource.getRepository(Cat).save({ name: 'Tom' });
    const { id: dog } = await dataSource.getRepository(Dog).save({ name: 'Rex' });
    const newest = await history.latest(Cat, [cat, dog]);
    expect([newest.get(cat)?.snapshot?.name, newest.get(dog)]).toEqual(['Tom', null]);
    const pages = await history.timeline(Cat, [cat, dog]);
    expect([pages.get(cat)!.items.length, pages.get(dog)!.items.length]).toEqual([1, 0]);
    expect((await history.latest(Animal, [cat, dog])).get(dog)?.snapshot?.name).toBe('Rex');
  });

  describe('refuses', () => {
    it.each<[string, () => Promise<unknown>]>([
      ['id', () => history.latest(Order, [1, 'x'])],
      ['id', () => history.latest(Order, [1, null as unknown as number])],
      ['id', () => history.latest(Order, [[1]] as unknown as number[])],
      ['id', () => history.timeline(Line, [{ order: 1 }])],
      ['limit', () => history.timeline(Order, [1], { limit: 0 })],
      ['limit', () => history.timeline(Order, [], { limit: 0 })],
      ['cursor', () => history.timeline(Order, [1, 2], { cursor: 'x' } as object)],
    ])('a wrong %s', async (argument, read) => {
      const error = await read().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as InvalidArgumentError).argument).toBe(argument);
    });

    it('naming the id that the type of the key refuses', async () => {
      const { id } = await audited.dataSource.getRepository(Device).save({ name: 'scanner' });
      const read = history.latest(Device, [id, 'no-uuid']);
      if (name !== 'postgres') expect((await read).get('no-uuid')).toBeNull();
      else await expect(read).rejects.toThrow('id must be an id that Device can have, got "no-uuid".');
    });
  });

  it('gives all revisions of a row, a transaction and a feed in pages', async () => {
    const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
      const found: T[] = [];
      for await (const item of items) found.push(item);
      return found;
    };
    const [first] = await all(history.timeline.all(Order, 4, { order: 'asc' }));
    expect(first.version).toBe(1);
    const inserted = await all(history.transaction.all(first.transaction, { limit: 20 }));
    expect(inserted.map(({ entityId }) => entityId)).toEqual(ids);
    const feed = await all(history.feed.all({ entities: [Order], limit: 60 }));
    expect(feed).toHaveLength(50 + 100 + 2);
    expect(new Set(feed.map(({ id }) => id)).size).toBe(feed.length);
    expect(await all(history.timeline.all(Order, 4711))).toEqual([]);
    await expect(all(history.timeline.all(Order, 4, { limit: 0 }))).rejects.toThrow(InvalidArgumentError);
  });
});
