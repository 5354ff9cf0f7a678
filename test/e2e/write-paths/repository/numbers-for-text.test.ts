import { Column, DeleteDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { describePaths, type ExpectedRevision } from '../../../support/worlds/write-paths.js';
import { MYSQLS, type World, type WorldName } from '../../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Coupon {
  @PrimaryColumn({ length: 40 }) id: string;
  @Column({ default: 1 }) uses: number;
  @DeleteDateColumn() deleted: Date | null;
}

const UUID = '7f0c1d8e-1b2c-4222-8333-444455556666';
const OTHERS: WorldName[] = ['sqlite', 'sqljs', 'postgres'];

/** As JavaScript that nothing checks gives it: from a query string that was parsed, or from JSON. */
const number = (value: number): string => value as unknown as string;
const words = ({ manager }: World): Promise<unknown> => manager.insert(Coupon, [{ id: UUID }, { id: '17a' }]);
const numerals = ({ manager }: World): Promise<unknown> =>
  manager.insert(Coupon, [{ id: '17' }, { id: '18' }, { id: '017' }]);

// To MySQL and MariaDB 17 is '017' too, as to TypeORM's own statement.
const alike =
  (operation: ExpectedRevision[1]) =>
  (name: WorldName): ExpectedRevision[] => [
    ['coupon', operation, '17', 2],
    ...(MYSQLS.includes(name) ? [['coupon', operation, '017', 2] as const] : []),
  ];

describePaths(
  'numbers for keys that are text',
  [Coupon],
  [
    {
      name: 'save() of a new entity with a number for its key, beside keys that are no numbers',
      before: words,
      write: ({ manager }) => manager.save(Coupon, { id: number(17) }),
      revisions: [['coupon', 'insert', '17', 1]],
    },
    {
      name: 'save() of several entities with numbers and text for their keys',
      before: words,
      write: ({ manager }) => manager.save(Coupon, [{ id: number(17) }, { id: UUID, uses: 2 }, { id: '18' }]),
      revisions: [
        ['coupon', 'insert', '17', 1],
        ['coupon', 'update', UUID, 2],
        ['coupon', 'insert', '18', 1],
      ],
    },
    {
      name: 'insert() with a number for its key, beside keys that are no numbers',
      before: words,
      write: ({ manager }) => manager.insert(Coupon, { id: number(17) }),
      revisions: [['coupon', 'insert', '17', 1]],
    },
    {
      name: 'upsert() with a number for its key, beside keys that are no numbers',
      before: async (world) => [await words(world), await world.manager.insert(Coupon, { id: '17' })],
      write: ({ manager }) => manager.upsert(Coupon, { id: number(17), uses: 2 }, ['id']),
      revisions: [['coupon', 'update', '17', 2]],
    },
    {
      name: 'update(id) with a number for its key',
      before: numerals,
      write: ({ manager }) => manager.update(Coupon, number(17), { uses: 2 }),
      revisions: alike('update'),
    },
    {
      name: 'update(criteria) with a number for its key',
      before: numerals,
      write: ({ manager }) => manager.update(Coupon, { id: number(17) }, { uses: 2 }),
      revisions: alike('update'),
    },
    {
      name: 'update(id) with a number for its key, beside keys that are no numbers',
      // The others compare all keys with the number, and fail on the first that is none.
      on: OTHERS,
      before: async (world) => [await words(world), await numerals(world)],
      write: ({ manager }) => manager.update(Coupon, number(17), { uses: 2 }),
      revisions: [['coupon', 'update', '17', 2]],
    },
    {
      name: 'softDelete(id) with a number for its key',
      before: numerals,
      write: ({ manager }) => manager.softDelete(Coupon, number(17)),
      revisions: alike('soft-delete'),
    },
    {
      name: 'delete(id) with a number for its key',
      before: numerals,
      write: ({ manager }) => manager.delete(Coupon, number(17)),
      revisions: alike('delete'),
    },
    {
      name: 'remove() with a number for its key',
      before: numerals,
      write: ({ manager }) => manager.remove(manager.create(Coupon, { id: number(17) })),
      revisions: alike('delete'),
    },
    {
      name: 'remove() of one entity by a number for its key, and of one by text',
      before: numerals,
      write: ({ manager }) =>
        manager.remove([manager.create(Coupon, { id: number(17) }), manager.create(Coupon, { id: '18' })]),
      revisions: (name) => [...alike('delete')(name), ['coupon', 'delete', '18', 2]],
    },
  ],
  { drivers: true },
);
