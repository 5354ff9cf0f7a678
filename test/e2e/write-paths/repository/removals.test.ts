import { describePaths } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';
import { Booking } from '../../../support/entities/bookings.js';

const three = ({ manager }: World): Promise<unknown> =>
  manager.save(Booking, [{ code: 'a' }, { code: 'b' }, { code: 'c' }]);
const find = ({ manager }: World, code: string): Promise<Booking> =>
  manager.findOneOrFail(Booking, { where: { code }, withDeleted: true });

describePaths(
  'removed entities',
  [Booking],
  [
    {
      name: 'remove()',
      before: three,
      write: async (world) => world.manager.remove(await find(world, 'b')),
      revisions: [['booking', 'delete', 2, 2]],
    },
    {
      name: 'remove() of several entities',
      before: three,
      write: async ({ dataSource }) => {
        const repository = dataSource.getRepository(Booking);
        return repository.remove(await repository.find());
      },
      revisions: [1, 2, 3].map((id) => ['booking', 'delete', id, 2]),
    },
    {
      name: 'remove() by nothing but the key',
      before: three,
      write: ({ manager }) => manager.remove(manager.create(Booking, { id: 2 })),
      revisions: [['booking', 'delete', 2, 2]],
    },
    {
      name: 'remove() of an entity that is not there',
      before: three,
      write: ({ manager }) => manager.remove(manager.create(Booking, { id: 99 })),
    },
    {
      name: 'BaseEntity.remove()',
      before: three,
      write: async (world) => {
        Booking.useDataSource(world.dataSource);
        return (await find(world, 'b')).remove();
      },
      revisions: [['booking', 'delete', 2, 2]],
    },
    {
      name: 'softRemove()',
      before: three,
      write: async (world) => world.manager.softRemove([await find(world, 'a'), await find(world, 'b')]),
      revisions: [
        ['booking', 'soft-delete', 1, 2],
        ['booking', 'soft-delete', 2, 2],
      ],
    },
    {
      name: 'recover()',
      before: async (world) => {
        await three(world);
        await world.manager.softRemove(await find(world, 'b'));
      },
      write: async (world) => world.manager.recover(await find(world, 'b')),
      revisions: [['booking', 'restore', 2, 3]],
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
        Booking.useDataSource(world.dataSource);
        const booking = await (await find(world, 'b')).softRemove();
        return booking.recover();
      },
      revisions: [
        ['booking', 'soft-delete', 2, 2],
        ['booking', 'restore', 2, 3],
      ],
      transactions: 2,
    },
  ],
  { drivers: true },
);
