import { LessThan } from 'typeorm';
import { describePaths } from '../../../support/worlds/write-paths.js';
import { MYSQLS, type World } from '../../../support/worlds/write-worlds.js';
import { Booking } from '../../../support/entities/bookings.js';

const four = ({ manager }: World): Promise<unknown> =>
  manager.insert(
    Booking,
    [1, 2, 3, 4].map((party) => ({ code: `r${party}`, party })),
  );

describePaths(
  'soft deletes',
  [Booking],
  [
    {
      name: 'softDelete(id)',
      before: four,
      write: ({ manager }) => manager.softDelete(Booking, 2),
      revisions: [['booking', 'soft-delete', 2, 2]],
    },
    {
      name: 'softDelete(criteria)',
      before: four,
      write: ({ dataSource }) => dataSource.getRepository(Booking).softDelete({ party: LessThan(3) }),
      revisions: [
        ['booking', 'soft-delete', 1, 2],
        ['booking', 'soft-delete', 2, 2],
      ],
    },
    {
      name: 'softDelete() of no row',
      before: four,
      write: ({ manager }) => manager.softDelete(Booking, { code: 'none' }),
    },
    {
      name: 'restore(id)',
      before: async (world) => {
        await four(world);
        await world.manager.softDelete(Booking, [2, 3]);
      },
      write: ({ manager }) => manager.restore(Booking, 2),
      revisions: [['booking', 'restore', 2, 3]],
    },
    {
      name: 'restore() of rows that are not deleted',
      before: async (world) => {
        await four(world);
        await world.manager.softDelete(Booking, 2);
      },
      write: ({ manager }) => manager.restore(Booking, { party: LessThan(4) }),
      revisions: [['booking', 'restore', 2, 3]],
    },
    {
      name: 'createQueryBuilder().softDelete()',
      before: four,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .softDelete()
          .from(Booking)
          .where('party > :party', { party: 3 })
          .execute(),
      revisions: [['booking', 'soft-delete', 4, 2]],
    },
    {
      name: 'createQueryBuilder().softDelete().orderBy().limit()',
      on: MYSQLS,
      before: four,
      write: ({ manager }) =>
        manager.createQueryBuilder(Booking, 'r').softDelete().orderBy('party', 'DESC').limit(1).execute(),
      revisions: [['booking', 'soft-delete', 4, 2]],
    },
    {
      name: 'createQueryBuilder().softDelete().returning()',
      on: ['postgres'],
      before: four,
      write: ({ manager }) =>
        manager.createQueryBuilder().softDelete().from(Booking).where('party > 3').returning('*').execute(),
      revisions: [['booking', 'soft-delete', 4, 2]],
    },
  ],
  { drivers: true },
);
