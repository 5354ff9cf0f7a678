import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Column, Entity, ManyToOne, PrimaryColumn } from 'typeorm';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type RevisionFilters } from '../../../src/history/types/filters.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

class Address {
  @Column({ type: 'varchar', length: 20, nullable: true }) city: string | null;
  @Column({ type: 'varchar', length: 20, nullable: true }) street: string | null;
}

@Audited()
@Entity('cond_customer')
class Customer {
  @PrimaryColumn({ type: 'int' }) id: number;
}

@Audited()
@Entity('cond_order')
class Order {
  @PrimaryColumn({ type: 'int' }) id: number;
  @Column({ type: 'varchar', length: 20 }) status: string;
  @Column({ type: 'decimal', precision: 20, scale: 4, nullable: true }) price: string | null;
  @Column({ type: 'bigint', nullable: true }) units: string | null;
  @Column({ type: 'boolean', nullable: true }) paid: boolean | null;
  @Column({ nullable: true }) due: Date;
  @Column({
    type: 'int',
    nullable: true,
    transformer: { to: (tags?: string[]) => tags?.length ?? null, from: (n: number) => Array(n).fill('x') },
  })
  tags: string[] | null;
  @Column({ type: 'simple-json', nullable: true }) wishes: Record<string, unknown> | null;
  @Masked((column) => `substr(${column}, 1, 2)`)
  @Column({ type: 'varchar', length: 64, nullable: true })
  secret: string | null;
  @Column(() => Address) address: Address;
  @ManyToOne(() => Customer, { nullable: true }) customer: Customer | null;
}

const DUE = new Date('2026-11-23T06:02:00Z');

describeDatabases('the conditions of filters', (name) => {
  let audited: AuditedDatabase;

  /** The versions of the order that the filters let through. */
  async function versions(filters: RevisionFilters<Order>): Promise<number[]> {
    const found: number[] = [];
    const revisions = new HistoryService(audited.dataSource).timeline.all(Order, 1, {
      ...filters,
      order: 'asc',
    });
    for await (const { version } of revisions) found.push(version);
    return found;
  }

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Order, Customer] });
    const { dataSource, context } = audited;
    const orders = dataSource.getRepository(Order);
    await dataSource.getRepository(Customer).insert([{ id: 1 }, { id: 2 }]);
    const first = { id: 1, status: 'open', price: '7.5', units: '9007199254740993', paid: false, due: DUE };
    const run = (
      actor: string | null,
      reason: string | null,
      action: string | null,
      fn: () => Promise<unknown>,
    ) => context.run({ actor, reason, action }, fn);
    await run('ann', null, 'order.make', () =>
      orders.insert({ ...first, tags: ['a'], secret: 'one', address: { city: 'Rome' }, customer: { id: 1 } }),
    );
    await run('Ann', 'Zoë', 'order.pay', () =>
      orders.update(1, { status: 'paid', paid: true, price: '8.125' }),
    );
    await run(null, 'zoë', null, () => orders.update(1, { status: 'Paid', units: '17' }));
    await run('ann', null, 'order.cancel', () =>
      orders.update(1, { status: 'cancelled', customer: { id: 2 }, tags: ['a', 'b'], secret: 'two' }),
    );
    await run('bob', null, null, () =>
      orders.update(1, { price: null, due: new Date(0), address: { city: null } }),
    );
    await run('ann', 'gone', 'order.remove', () => orders.delete(1));
  });
  afterAll(async () => {
    await expectInvariants(audited.dataSource);
    await audited.close();
  });

  it.each([
    [{}, [1, 2, 3, 4, 5, 6]],
    [{ actor: 'ann' }, [1, 4, 6]],
    [{ not: { actor: 'ann' } }, [2, 3, 5]],
    [{ reason: 'zoë' }, [3]],
    [{ reason: 'ZOË' }, []],
    [{ action: 'order.pay' }, [2]],
    [{ action: 'ORDER.pay' }, []],
    [{ request: 'x' }, []],
    [{ operation: 'update', not: { actor: 'bob' } }, [2, 3, 4]],
    [{ property: 'status' }, [1, 2, 3, 4, 6]],
    [{ property: 'address' }, [1, 5]],
    [{ changed: { status: {} } }, [1, 2, 3, 4, 6]],
    [{ changed: { status: { from: 'paid' } } }, [3]],
    [{ changed: { status: { to: 'paid' } } }, [2]],
    [{ changed: { status: { from: 'Paid', to: 'cancelled' } } }, [4]],
    [{ changed: { status: { from: 'paid', to: 'cancelled' } } }, []],
    [{ changed: { status: { from: null } } }, [1]],
    [{ changed: { status: { to: null } } }, [6]],
    [{ changed: { price: { from: '7.50', to: 8.125 } } }, [2]],
    [{ changed: { price: { from: 8.125, to: null } } }, [5]],
    [{ changed: { units: { from: '9007199254740993', to: 17 } } }, [3]],
    [{ changed: { units: { to: '9007199254740993' } } }, [1]],
    [{ changed: { units: { to: '9007199254740992' } } }, []],
    [{ changed: { paid: { from: false, to: true } } }, [2]],
    [{ changed: { due: { from: DUE } } }, [5]],
    [{ changed: { tags: { from: ['a'], to: ['x', 'y'] } } }, [4]],
    [{ changed: { customer: { from: 1, to: 2 } } }, [4]],
    [{ changed: { 'address.city': { from: 'Rome', to: null } } }, [5]],
    [{ changed: { status: { to: 'paid' }, price: { to: '8.125' } } }, [2]],
    [{ changed: { status: { to: 'paid' }, customer: {} } }, []],
    [{ changed: { secret: {} } }, [1, 4, 6]],
  ] as [RevisionFilters<Order>, number[]][])('let through by %j versions %j', async (filters, expected) => {
    expect(await versions(filters)).toEqual(expected);
  });

  describe('refuse', () => {
    it.each([
      ['actor', { actor: 7 }, 'actor must be a string, got number.'],
      ['not', { not: 'ann' }, "not must be { actor: 'ann' }, got ann."],
      ['not', { not: { reason: 'x' } }, "not must be { actor: 'ann' }, got { reason }."],
      ['changed', { changed: {} }, 'changed must be properties with the values'],
      [
        'changed',
        { changed: { status: 'paid' } },
        'changed must have { from, to }, or one of them, for "status", got paid.',
      ],
      [
        'changed',
        { changed: { statsu: {} } },
        'changed must be a property whose changes the history of Order shows, got "statsu".',
      ],
      ['changed', { changed: { secret: { to: 'two' } } }, 'got "secret" of Order, which is a masked column.'],
      [
        'changed',
        { changed: { address: { to: 'Rome' } } },
        'got "address" of Order, which is several columns.',
      ],
      ['property', { property: 'statsu' }, 'property must be a property whose changes'],
      ['reason', { reason: 'a\0' }, 'reason has the character U+0000'],
    ] as [string, object, string][])('%s of %j', async (argument, filters, message) => {
      const error = await versions(filters as RevisionFilters).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error).toMatchObject({ argument, message: expect.stringContaining(message) });
    });
  });
});
