import {
  AfterLoad,
  BeforeUpdate,
  Column,
  Entity,
  type EntitySubscriberInterface,
  EventSubscriber,
  type InsertEvent,
  PrimaryColumn,
  type RemoveEvent,
  type UpdateEvent,
} from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { describePaths, type ExpectedRevision } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Order {
  @PrimaryColumn() id: number;
  @Column({ length: 30 }) state: string;
  @Column({ type: 'varchar', length: 30, nullable: true }) note: string | null;
}

@Audited()
@Entity()
class Line {
  @PrimaryColumn({ length: 40 }) text: string;
}

/** With listeners of its own. */
@Audited()
@Entity()
class Stock {
  @PrimaryColumn() id: number;
  @Column() amount: number;
  @Column({ default: 0 }) changes: number;

  private loaded = 0;

  @AfterLoad() remember(): void {
    this.loaded = this.amount;
  }

  @BeforeUpdate() count(): void {
    if (this.amount > 100) this.amount = this.loaded;
    else this.changes++;
  }
}

/** What an application's hooks may do, chosen by the state that an order is given. */
@EventSubscriber()
class OrderSubscriber implements EntitySubscriberInterface<Order> {
  listenTo(): typeof Order {
    return Order;
  }

  async beforeInsert({ entity, manager }: InsertEvent<Order>): Promise<void> {
    if (entity.state === 'stamp') entity.note = 'stamped';
    if (entity.state === 'log before') await manager.save(Line, { text: `before ${entity.id}` });
    if (entity.state === 'fail before') throw new Error('no');
  }

  async afterInsert({ entity, manager }: InsertEvent<Order>): Promise<void> {
    if (entity.state === 'log after') await manager.insert(Line, { text: `after ${entity.id}` });
    if (entity.state === 'touch after') await manager.update(Order, entity.id, { note: 'touched' });
    if (entity.state === 'save after') await manager.save(Order, { id: entity.id, note: 'saved' });
    if (entity.state === 'quietly after')
      await manager
        .createQueryBuilder()
        .insert()
        .into(Line)
        .values({ text: 'quiet' })
        .callListeners(false)
        .execute();
  }

  async beforeUpdate({ entity, manager }: UpdateEvent<Order>): Promise<void> {
    if (entity?.state === 'stamp') entity.note = 'stamped';
    if (entity?.state === 'insert a match') await manager.insert(Order, { id: 50, state: 'old' });
    if (entity?.state === 'delete a match') await manager.delete(Order, 2);
  }

  async beforeRemove({ entityId, manager }: RemoveEvent<Order>): Promise<void> {
    if (entityId !== undefined) await manager.save(Line, { text: 'removed' });
  }
}

const orders = ({ manager }: World): Promise<unknown> =>
  manager.insert(
    Order,
    [1, 2].map((id) => ({ id, state: 'old' })),
  );
const order = (operation: ExpectedRevision[1], version: number, ...ids: number[]): ExpectedRevision[] =>
  ids.map((id) => ['order', operation, id, version]);
const line = (text: string): ExpectedRevision => ['line', 'insert', text, 1];

describePaths(
  'other subscribers',
  [Order, Line, Stock],
  [
    {
      name: 'save() of an entity that a hook changes',
      before: orders,
      write: ({ manager }) =>
        manager.save(Order, [
          { id: 1, state: 'stamp' },
          { id: 3, state: 'stamp' },
        ]),
      revisions: [...order('update', 2, 1), ...order('insert', 1, 3)],
    },
    {
      name: 'save() whose hook takes the change back',
      before: ({ manager }) => manager.insert(Stock, { id: 1, amount: 5 }),
      write: async ({ manager }) => {
        const stock = await manager.findOneByOrFail(Stock, { id: 1 });
        stock.amount = 500;
        await manager.save(stock);
      },
    },
    {
      name: 'save() of an entity that a listener of its own changes',
      before: ({ manager }) => manager.insert(Stock, { id: 1, amount: 5 }),
      write: async ({ manager }) => {
        const stock = await manager.findOneByOrFail(Stock, { id: 1 });
        stock.amount = 6;
        await manager.save(stock);
        return stock;
      },
      revisions: [['stock', 'update', 1, 2]],
    },
    {
      name: 'save() whose hook writes other rows before',
      write: ({ manager }) => manager.save(Order, { id: 1, state: 'log before' }),
      revisions: [...order('insert', 1, 1), line('before 1')],
    },
    {
      name: 'save() whose hook writes other rows after',
      write: ({ manager }) => manager.save(Order, { id: 1, state: 'log after' }),
      revisions: [...order('insert', 1, 1), line('after 1')],
    },
    {
      name: 'save() whose hook writes with callListeners(false)',
      write: ({ manager }) => manager.save(Order, { id: 1, state: 'quietly after' }),
      revisions: [...order('insert', 1, 1), line('quiet')],
    },
    {
      name: 'save() whose hook updates the same row after',
      write: ({ manager }) => manager.save(Order, { id: 1, state: 'touch after' }),
      revisions: [...order('insert', 1, 1), ...order('update', 2, 1)],
    },
    {
      name: 'save() whose hook saves the same row after',
      write: ({ manager }) => manager.save(Order, { id: 1, state: 'save after' }),
      revisions: [...order('insert', 1, 1), ...order('update', 2, 1)],
    },
    {
      name: 'insert() whose hook updates the same row after',
      write: ({ manager }) => manager.insert(Order, { id: 1, state: 'touch after' }),
      revisions: [...order('insert', 1, 1), ...order('update', 2, 1)],
      transactions: 2,
    },
    {
      name: 'save() whose hook fails',
      before: orders,
      write: ({ manager }) =>
        manager.save(Order, [
          { id: 1, state: 'new' },
          { id: 3, state: 'fail before' },
        ]),
      refused: Error,
    },
    {
      name: 'insert() whose hook writes other rows before',
      write: ({ manager }) => manager.insert(Order, { id: 1, state: 'log before' }),
      revisions: [...order('insert', 1, 1), line('before 1')],
      transactions: 2,
    },
    {
      name: 'update() whose hook changes the values',
      before: orders,
      write: ({ manager }) => manager.update(Order, { state: 'old' }, { state: 'stamp' }),
      revisions: order('update', 2, 1, 2),
    },
    {
      name: 'update() whose hook inserts a row that it will hit',
      before: orders,
      write: ({ manager }) => manager.update(Order, { state: 'old' }, { state: 'insert a match' }),
      revisions: [...order('update', 2, 1, 2, 50), ...order('insert', 1, 50)],
      transactions: 2,
    },
    {
      name: 'update() whose hook deletes a row that it would have hit',
      before: orders,
      write: ({ manager }) => manager.update(Order, { state: 'old' }, { state: 'delete a match' }),
      revisions: [...order('update', 2, 1), ...order('delete', 2, 2)],
      transactions: 2,
    },
    {
      name: 'remove() whose hook writes other rows before',
      before: orders,
      write: async ({ manager }) => manager.remove(await manager.findOneByOrFail(Order, { id: 1 })),
      revisions: [...order('delete', 2, 1), line('removed')],
    },
  ],
  { subscribers: [OrderSubscriber] },
);
