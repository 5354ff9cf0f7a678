import { describePaths } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';
import { Reservation } from '../../../support/entities/reservations.js';

const three = ({ manager }: World): Promise<unknown> =>
  manager.save(Reservation, [{ code: 'a' }, { code: 'b' }, { code: 'c' }]);
const find = ({ manager }: World, code: string): Promise<Reservation> =>
  manager.findOneOrFail(Reservation, { where: { code }, withDeleted: true });

describePaths(
  'removed entities',
  [Reservation],
  [
    {
      name: 'remove()',
      before: three,
      write: async (world) => world.manager.remove(await find(world, 'b')),
      revisions: [['reservation', 'delete', 2, 2]],
    },
    {
      name: 'remove() of several entities',
      before: three,
      write: async ({ dataSource }) => {
        const repository = dataSource.getRepository(Reservation);
        return repository.remove(await repository.find());
      },
      revisions: [1, 2, 3].map((id) => ['reservation', 'delete', id, 2]),
    },
    {
      name: 'remove() by nothing but the key',
      before: three,
      write: ({ manager }) => manager.remove(manager.create(Reservation, { id: 2 })),
      revisions: [['reservation', 'delete', 2, 2]],
    },
    {
      name: 'remove() of an entity that is not there',
      before: three,
      write: ({ manager }) => manager.remove(manager.create(Reservation, { id: 99 })),
    },
    {
      name: 'BaseEntity.remove()',
      before: three,
      write: async (world) => {
        Reservation.useDataSource(world.dataSource);
        return (await find(world, 'b')).remove();
      },
      revisions: [['reservation', 'delete', 2, 2]],
    },
    {
      name: 'softRemove()',
      before: three,
      write: async (world) => world.manager.softRemove([await find(world, 'a'), await find(world, 'b')]),
      revisions: [
        ['reservation', 'soft-delete', 1, 2],
        ['reservation', 'soft-delete', 2, 2],
      ],
    },
    {
      name: 'recover()',
      before: async (world) => {
        await three(world);
        await world.manager.softRemove(await find(world, 'b'));
      },
      write: async (world) => world.manager.recover(await find(world, 'b')),
      revisions: [['reservation', 'restore', 2, 3]],
    },
    {
      name: 'recover() of an entity that is not deleted',
      before: three,
      write: async (world) => world.manager.recover(await find(world, 'b')),
    },
    {
      name: 'BaseEntity.softRemove() and recover()',
      before: three,
      write: async (world) => {
        Reservation.useDataSource(world.dataSource);
        const reservation = await (await find(world, 'b')).softRemove();
        return reservation.recover();
      },
      revisions: [
        ['reservation', 'soft-delete', 2, 2],
        ['reservation', 'restore', 2, 3],
      ],
      transactions: 2,
    },
  ],
  { drivers: true },
);
