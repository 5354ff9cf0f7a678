import { LessThan } from 'typeorm';
import { describePaths } from '../../../support/worlds/write-paths.js';
import { MYSQLS, type World } from '../../../support/worlds/write-worlds.js';
import { Reservation } from '../../../support/entities/reservations.js';

const four = ({ manager }: World): Promise<unknown> =>
  manager.insert(
    Reservation,
    [1, 2, 3, 4].map((party) => ({ code: `r${party}`, party })),
  );

describePaths(
  'soft deletes',
  [Reservation],
  [
    {
      name: 'softDelete(id)',
      before: four,
      write: ({ manager }) => manager.softDelete(Reservation, 2),
      revisions: [['reservation', 'soft-delete', 2, 2]],
    },
    {
      name: 'softDelete(criteria)',
      before: four,
      write: ({ dataSource }) => dataSource.getRepository(Reservation).softDelete({ party: LessThan(3) }),
      revisions: [
        ['reservation', 'soft-delete', 1, 2],
        ['reservation', 'soft-delete', 2, 2],
      ],
    },
    {
      name: 'softDelete() of no row',
      before: four,
      write: ({ manager }) => manager.softDelete(Reservation, { code: 'none' }),
    },
    {
      name: 'restore(id)',
      before: async (world) => {
        await four(world);
        await world.manager.softDelete(Reservation, [2, 3]);
      },
      write: ({ manager }) => manager.restore(Reservation, 2),
      revisions: [['reservation', 'restore', 2, 3]],
    },
    {
      name: 'restore() of rows that are not deleted',
      before: async (world) => {
        await four(world);
        await world.manager.softDelete(Reservation, 2);
      },
      write: ({ manager }) => manager.restore(Reservation, { party: LessThan(4) }),
      revisions: [['reservation', 'restore', 2, 3]],
    },
    {
      name: 'createQueryBuilder().softDelete()',
      before: four,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .softDelete()
          .from(Reservation)
          .where('party > :party', { party: 3 })
          .execute(),
      revisions: [['reservation', 'soft-delete', 4, 2]],
    },
    {
      name: 'createQueryBuilder().softDelete().orderBy().limit()',
      on: MYSQLS,
      before: four,
      write: ({ manager }) =>
        manager.createQueryBuilder(Reservation, 'r').softDelete().orderBy('party', 'DESC').limit(1).execute(),
      revisions: [['reservation', 'soft-delete', 4, 2]],
    },
    {
      name: 'createQueryBuilder().softDelete().returning()',
      on: ['postgres'],
      before: four,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .softDelete()
          .from(Reservation)
          .where('party > 3')
          .returning('*')
          .execute(),
      revisions: [['reservation', 'soft-delete', 4, 2]],
    },
  ],
  { drivers: true },
);
