import { TransactionRequiredError } from '../../../../src/audit.errors.js';
import { describePaths, type ExpectedRevision } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';
import { Booking, Seat, Stamped } from '../../../support/entities/bookings.js';

const three = ({ manager }: World): Promise<unknown> =>
  manager.save(Booking, [{ code: 'a' }, { code: 'b' }, { code: 'c' }]);
const find = ({ manager }: World, code: string): Promise<Booking> =>
  manager.findOneOrFail(Booking, { where: { code }, withDeleted: true });
const inserted = (...ids: number[]): ExpectedRevision[] => ids.map((id) => ['booking', 'insert', id, 1]);

describePaths(
  'saved entities',
  [Booking, Seat, Stamped],
  [
    {
      name: 'save() of a new entity',
      write: ({ manager }) => manager.save(manager.create(Booking, { code: 'a' })),
      revisions: inserted(1),
    },
    {
      name: 'save() of new entities',
      write: ({ dataSource }) =>
        dataSource.getRepository(Booking).save([{ code: 'a' }, { code: 'b', party: 7 }]),
      revisions: inserted(1, 2),
    },
    {
      name: 'save() of a changed entity',
      before: three,
      write: async (world) =>
        world.manager.save(Object.assign(await find(world, 'b'), { party: 9, note: 'x' })),
      revisions: [['booking', 'update', 2, 2]],
    },
    {
      name: 'save() of a partial object',
      before: three,
      write: ({ manager }) => manager.save(Booking, { id: 2, party: 9 }),
      revisions: [['booking', 'update', 2, 2]],
    },
    {
      name: 'save() of an unchanged entity',
      before: three,
      write: async (world) => world.manager.save(await find(world, 'b')),
    },
    {
      name: 'save() of new, changed and unchanged entities',
      before: three,
      write: async (world) => {
        const [a, b] = [await find(world, 'a'), await find(world, 'b')];
        return world.manager.save([
          a,
          Object.assign(b, { party: 9 }),
          world.manager.create(Booking, { code: 'd' }),
        ]);
      },
      revisions: [['booking', 'update', 2, 2], ...inserted(4)],
    },
    {
      name: 'save() of entities with keys of their own',
      before: ({ manager }) => manager.save(Seat, { hall: 1, place: 'A1', name: 'one' }),
      write: ({ manager }) =>
        manager.save(Seat, [
          { hall: 1, place: 'A1', name: 'I' },
          { hall: 1, place: 'A2', name: 'II' },
        ]),
      revisions: [
        ['seat', 'update', [1, 'A1'], 2],
        ['seat', 'insert', [1, 'A2'], 1],
      ],
    },
    {
      name: 'save() of a key that was deleted',
      before: async ({ manager }) => {
        const seat = await manager.save(Seat, { hall: 1, place: 'A1', name: 'one' });
        await manager.remove(manager.create(Seat, seat));
      },
      write: ({ manager }) => manager.save(Seat, { hall: 1, place: 'A1', name: 'one' }),
      revisions: [['seat', 'insert', [1, 'A1'], 3]],
    },
    {
      name: 'BaseEntity.save()',
      write: async ({ dataSource }) => {
        Booking.useDataSource(dataSource);
        const booking = await Booking.create({ code: 'a' }).save();
        booking.party = 9;
        return booking.save();
      },
      revisions: [...inserted(1), ['booking', 'update', 1, 2]],
      transactions: 2,
    },
    {
      name: 'save() inside transaction()',
      write: ({ dataSource }) =>
        dataSource.transaction(async (manager) => {
          const booking = await manager.save(Booking, { code: 'a' });
          await manager.getRepository(Booking).save({ id: booking.id, party: 9 });
          return manager.save(Seat, { hall: 1, place: 'A1', name: 'one' });
        }),
      revisions: [...inserted(1), ['booking', 'update', 1, 2], ['seat', 'insert', [1, 'A1'], 1]],
    },
    {
      name: 'save() with { chunk }',
      write: ({ manager }) =>
        manager.save(
          Booking,
          ['a', 'b', 'c', 'd', 'e'].map((code) => ({ code })),
          { chunk: 2 },
        ),
      revisions: inserted(1, 2, 3, 4, 5),
    },
    {
      name: 'save() with { reload: false }',
      write: ({ manager }) => manager.save(Booking, [{ code: 'a' }, { code: 'b' }], { reload: false }),
      revisions: inserted(1, 2),
    },
    {
      name: 'save() of a changed entity with { reload: false }',
      before: three,
      write: ({ manager }) => manager.save(Booking, { id: 2, party: 9 }, { reload: false }),
      revisions: [['booking', 'update', 2, 2]],
    },
    {
      name: 'save() with { data }',
      write: ({ manager }) => manager.save(Booking, { code: 'a' }, { data: { any: 'thing' } }),
      revisions: inserted(1),
    },
    {
      name: 'save() with { transaction: false }',
      before: three,
      write: ({ manager }) =>
        manager.save(Booking, [{ code: 'd' }, { id: 1, party: 9 }], { transaction: false }),
      refused: TransactionRequiredError,
    },
    {
      name: 'remove() with { transaction: false }',
      before: three,
      write: async (world) => world.manager.remove(await find(world, 'b'), { transaction: false }),
      refused: TransactionRequiredError,
    },
    {
      name: 'save() with { transaction: false } inside transaction()',
      write: ({ dataSource }) =>
        dataSource.transaction((manager) => manager.save(Booking, { code: 'a' }, { transaction: false })),
      revisions: inserted(1),
    },
  ],
  { drivers: true },
);
