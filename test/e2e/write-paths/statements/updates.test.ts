import { Brackets, EntityManager, In, LessThan, Not } from 'typeorm';
import { describePaths, type ExpectedRevision } from '../../../support/worlds/write-paths.js';
import { MYSQLS, type World } from '../../../support/worlds/write-worlds.js';
import { Booking, Seat, Stamped } from '../../../support/entities/bookings.js';

const five = ({ manager }: World): Promise<unknown> =>
  manager.insert(
    Booking,
    [1, 2, 3, 4, 5].map((party) => ({ code: `r${party}`, party })),
  );
const updated = (...ids: number[]): ExpectedRevision[] => ids.map((id) => ['booking', 'update', id, 2]);
const update = ({ manager }: World): ReturnType<typeof builder> => builder(manager);
const builder = (manager: EntityManager) => manager.createQueryBuilder().update(Booking);

describePaths(
  'updates',
  [Booking, Seat, Stamped],
  [
    {
      name: 'update(id)',
      before: five,
      write: ({ manager }) => manager.update(Booking, 2, { party: 9 }),
      revisions: updated(2),
    },
    {
      name: 'update(ids)',
      before: five,
      write: ({ dataSource }) => dataSource.getRepository(Booking).update([2, 4, 99], { note: 'x' }),
      revisions: updated(2, 4),
    },
    {
      name: 'update(criteria)',
      before: five,
      write: ({ manager }) =>
        manager.update(Booking, { party: LessThan(4), code: Not(In(['r1'])) }, { note: 'x' }),
      revisions: updated(2, 3),
    },
    {
      name: 'update() of no row',
      before: five,
      write: ({ manager }) => manager.update(Booking, { code: 'none' }, { party: 9 }),
    },
    {
      name: 'update() that changes no value',
      before: five,
      write: ({ manager }) => manager.update(Booking, 2, { party: 2, code: 'r2' }),
    },
    {
      name: 'update() that changes some of its rows',
      before: five,
      write: ({ manager }) => manager.update(Booking, { party: LessThan(4) }, { party: 2 }),
      revisions: updated(1, 3),
    },
    {
      name: 'update() of a composite key',
      before: ({ manager }) =>
        manager.insert(Seat, [
          { hall: 1, place: 'A1', name: 'one' },
          { hall: 1, place: 'A2', name: 'two' },
        ]),
      write: ({ manager }) => manager.update(Seat, { hall: 1, place: 'A2' }, { price: 5 }),
      revisions: [['seat', 'update', [1, 'A2'], 2]],
    },
    {
      name: 'update() of soft-deleted rows',
      before: async (world) => {
        await five(world);
        await world.manager.softDelete(Booking, 2);
      },
      write: ({ manager }) => manager.update(Booking, [1, 2], { note: 'x' }),
      revisions: [
        ['booking', 'update', 1, 2],
        ['booking', 'update', 2, 3],
      ],
    },
    {
      name: 'updateAll()',
      needs: 'updateAll' in EntityManager.prototype,
      before: five,
      write: ({ manager }) => manager.updateAll(Booking, { note: 'x' }),
      revisions: updated(1, 2, 3, 4, 5),
    },
    {
      name: 'increment()',
      before: five,
      write: ({ manager }) => manager.increment(Booking, { party: LessThan(3) }, 'party', 10),
      revisions: updated(1, 2),
    },
    {
      name: 'decrement()',
      before: five,
      write: ({ dataSource }) => dataSource.getRepository(Booking).decrement({ id: 1 }, 'party', 1),
      revisions: updated(1),
    },
    {
      name: 'update() inside transaction()',
      before: five,
      write: ({ dataSource }) =>
        dataSource.transaction(async (manager) => [
          await manager.update(Booking, 1, { party: 7 }),
          await manager.update(Booking, 1, { party: 8 }),
          await manager.update(Booking, 2, { party: 8 }),
        ]),
      revisions: [
        ['booking', 'update', 1, 2],
        ['booking', 'update', 1, 3],
        ['booking', 'update', 2, 2],
      ],
    },
    {
      name: 'createQueryBuilder().update() with expressions and parameters',
      before: five,
      write: (world) =>
        update(world)
          .set({ party: () => 'party + :more', note: () => 'code' })
          .where('party > :party AND code <> :code', { party: 2, code: 'r4' })
          .setParameter('more', 10)
          .execute(),
      revisions: updated(3, 5),
    },
    {
      name: 'createQueryBuilder().update() with brackets and lists',
      before: five,
      write: (world) =>
        update(world)
          .set({ note: 'x' })
          .where(
            new Brackets((query) => query.where('id IN (:...ids)', { ids: [1, 2] }).orWhere({ code: 'r5' })),
          )
          .andWhere('party <> :party', { party: 2 })
          .execute(),
      revisions: updated(1, 5),
    },
    {
      name: 'createQueryBuilder().update() with a sub-select',
      // MariaDB and MySQL can't select from the table that it updates.
      on: ['sqlite', 'sqljs', 'postgres'],
      before: five,
      write: (world) =>
        update(world)
          .set({ note: 'x' })
          .where((query) => {
            const sub = query
              .createQueryBuilder()
              .select('max(r.party)')
              .from(Booking, 'r')
              .where('r.id < :id');
            return `party = (${sub.getQuery()})`;
          })
          .setParameter('id', 5)
          .execute(),
      revisions: updated(4),
    },
    {
      name: 'createQueryBuilder().update() with a sub-select from another table',
      before: async (world) => {
        await five(world);
        await world.manager.insert(Seat, { hall: 3, place: 'A1', name: 'r4' });
      },
      write: (world) =>
        update(world)
          .set({ party: () => '(SELECT max(hall) FROM seat)' })
          .where('code IN (SELECT name FROM seat WHERE hall = :hall)', { hall: 3 })
          .execute(),
      revisions: updated(4),
    },
    {
      name: 'createQueryBuilder(Booking, alias).update()',
      before: five,
      write: ({ manager }) =>
        manager
          .createQueryBuilder(Booking, 'r')
          .update()
          .set({ note: 'x' })
          .where({ id: 2 })
          .orWhere('code = :code', { code: 'r3' })
          .execute(),
      revisions: updated(2, 3),
    },
    {
      name: 'createQueryBuilder().update(), by the table’s name',
      before: five,
      write: ({ manager }) =>
        manager.createQueryBuilder().update('booking').set({ note: 'x' }).whereInIds([1, 3]).execute(),
      revisions: updated(1, 3),
    },
    {
      name: 'createQueryBuilder().update().whereEntity()',
      before: ({ manager }) =>
        manager.insert(Stamped, { id: '0e9b3ac1-2b1d-4c4e-8a9e-6d0d1c4a1b11', code: 'a' }),
      write: async ({ manager }) => {
        const entity = await manager.findOneByOrFail(Stamped, { code: 'a' });
        return [
          await manager.createQueryBuilder().update(Stamped).set({ code: 'b' }).whereEntity(entity).execute(),
          entity,
        ];
      },
      revisions: [['stamped', 'update', '0e9b3ac1-2b1d-4c4e-8a9e-6d0d1c4a1b11', 2]],
    },
    {
      name: 'createQueryBuilder().update().callListeners(false)',
      before: five,
      write: (world) => update(world).set({ note: 'x' }).where({ id: 2 }).callListeners(false).execute(),
      revisions: updated(2),
    },
    {
      name: 'createQueryBuilder().update().orderBy().limit()',
      on: MYSQLS,
      before: five,
      write: (world) =>
        update(world).set({ note: 'x' }).where('party > 1').orderBy('party', 'DESC').limit(2).execute(),
      revisions: updated(4, 5),
    },
    ...[
      ['returning(string)', '*'],
      ['returning(properties)', ['code', 'party']],
    ].map(([name, columns]) => ({
      name: `createQueryBuilder().update().${name as string}`,
      on: ['postgres'] as const,
      before: five,
      write: (world: World) =>
        update(world).set({ note: 'x' }).where('party < 3').returning(columns).execute(),
      revisions: updated(1, 2),
    })),
    {
      name: 'createQueryBuilder().update() with a common table expression',
      on: ['sqlite', 'sqljs', 'postgres'],
      before: five,
      write: (world) =>
        update(world)
          .addCommonTableExpression('SELECT id FROM booking WHERE party > 3', 'large')
          .set({ note: 'x' })
          .where('id IN (SELECT id FROM large)')
          .execute(),
      revisions: updated(4, 5),
    },
  ],
  { drivers: true },
);
