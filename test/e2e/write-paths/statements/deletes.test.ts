import { EntityManager, In, LessThan } from 'typeorm';
import { describePaths, type ExpectedRevision, type WritePath } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';
import { Booking, Seat } from '../../../support/entities/bookings.js';

const four = ({ manager }: World): Promise<unknown> =>
  manager.insert(
    Booking,
    [1, 2, 3, 4].map((party) => ({ code: `r${party}`, party })),
  );
const seats = ({ manager }: World): Promise<unknown> =>
  manager.insert(Seat, [
    { hall: 1, place: 'A1', name: 'one' },
    { hall: 1, place: 'A2', name: 'two' },
  ]);
const deleted = (...ids: number[]): ExpectedRevision[] => ids.map((id) => ['booking', 'delete', id, 2]);

/** Runs a function while a trigger keeps seats from being deleted, without an error. */
async function keepingSeats<T>(world: World, fn: (world: World) => Promise<T>): Promise<T> {
  const { name, dataSource } = world;
  const isPostgres = name === 'postgres';
  await dataSource.query(
    isPostgres
      ? `CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; ` +
          `CREATE TRIGGER keep BEFORE DELETE ON seat FOR EACH ROW EXECUTE FUNCTION keep()`
      : `CREATE TRIGGER keep BEFORE DELETE ON seat BEGIN SELECT RAISE(IGNORE); END`,
  );
  try {
    return await fn(world);
  } finally {
    await dataSource.query(`DROP TRIGGER keep${isPostgres ? ' ON seat' : ''}`);
  }
}

const clears: [string, (world: World) => Promise<unknown>][] = [
  ['EntityManager.clear()', ({ manager }) => manager.clear(Booking)],
  ['Repository.clear()', ({ dataSource }) => dataSource.getRepository(Booking).clear()],
  [
    'BaseEntity.clear()',
    ({ dataSource }) => {
      Booking.useDataSource(dataSource);
      return Booking.clear();
    },
  ],
  [
    'clear() inside transaction()',
    ({ dataSource }) => dataSource.transaction((manager) => manager.clear(Booking)),
  ],
];

describePaths(
  'deletes',
  [Booking, Seat],
  [
    {
      name: 'delete(id)',
      before: four,
      write: ({ manager }) => manager.delete(Booking, 2),
      revisions: deleted(2),
    },
    {
      name: 'delete(ids)',
      before: four,
      write: ({ dataSource }) => dataSource.getRepository(Booking).delete([1, 3, 99]),
      revisions: deleted(1, 3),
    },
    {
      name: 'delete(criteria)',
      before: four,
      write: ({ manager }) => manager.delete(Booking, { party: LessThan(4), code: In(['r1', 'r3', 'r4']) }),
      revisions: deleted(1, 3),
    },
    {
      name: 'delete() of no row',
      before: four,
      write: ({ manager }) => manager.delete(Booking, { code: 'none' }),
    },
    {
      name: 'delete() of a composite key',
      before: seats,
      write: ({ manager }) => manager.delete(Seat, { hall: 1, place: 'A2' }),
      revisions: [['seat', 'delete', [1, 'A2'], 2]],
    },
    {
      name: 'delete() of a row that has no history',
      before: ({ context, manager }) => context.without(() => manager.insert(Booking, { code: 'a' })),
      write: ({ manager }) => manager.delete(Booking, 1),
      revisions: [['booking', 'delete', 1, 1]],
    },
    {
      name: 'remove() and delete() of a row that a trigger keeps',
      on: ['sqlite', 'sqljs', 'postgres'],
      before: seats,
      write: (world) =>
        keepingSeats(world, async ({ manager }) => [
          await manager.remove(await manager.findOneByOrFail(Seat, { place: 'A1' })),
          await manager.delete(Seat, { place: 'A1' }),
        ]),
    },
    {
      name: 'delete() and insert() of one key in a transaction',
      before: seats,
      write: ({ dataSource }) =>
        dataSource.transaction(async (manager) => [
          await manager.delete(Seat, { place: 'A1' }),
          await manager.insert(Seat, { hall: 1, place: 'A1', name: 'one' }),
          await manager.insert(Seat, { hall: 1, place: 'A3', name: 'three' }),
          await manager.delete(Seat, { place: 'A3' }),
        ]),
      revisions: [
        ['seat', 'delete', [1, 'A1'], 2],
        ['seat', 'insert', [1, 'A1'], 3],
        ['seat', 'insert', [1, 'A3'], 1],
        ['seat', 'delete', [1, 'A3'], 2],
      ],
    },
    {
      name: 'deleteAll()',
      needs: 'deleteAll' in EntityManager.prototype,
      before: four,
      write: ({ manager }) => manager.deleteAll(Booking),
      revisions: deleted(1, 2, 3, 4),
    },
    ...clears.map(([name, write]): WritePath => ({
      name,
      before: four,
      write,
      revisions: deleted(1, 2, 3, 4),
    })),
    {
      name: 'createQueryBuilder().delete()',
      before: four,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .delete()
          .from(Booking)
          .where('party > :party', { party: 2 })
          .andWhere('code <> :code', { code: 'r4' })
          .execute(),
      revisions: deleted(3),
    },
    {
      name: 'createQueryBuilder(Booking, alias).delete()',
      before: four,
      write: ({ manager }) =>
        manager
          .createQueryBuilder(Booking, 'r')
          .delete()
          .where({ party: LessThan(3) })
          .execute(),
      revisions: deleted(1, 2),
    },
    {
      name: 'createQueryBuilder().delete() with a sub-select',
      before: async (world) => {
        await four(world);
        await seats(world);
        await world.manager.update(Seat, { place: 'A1' }, { name: 'r4' });
      },
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .delete()
          .from(Booking)
          .where('code IN (SELECT name FROM seat)')
          .execute(),
      revisions: deleted(4),
    },
    {
      name: 'createQueryBuilder().delete().callListeners(false)',
      before: four,
      write: ({ dataSource }) =>
        dataSource.transaction((manager) =>
          manager.createQueryBuilder().delete().from(Booking).whereInIds(2).callListeners(false).execute(),
        ),
      revisions: deleted(2),
    },
    {
      name: 'createQueryBuilder().delete().returning()',
      on: ['postgres', 'mariadb'],
      before: four,
      write: ({ manager }) =>
        manager.createQueryBuilder().delete().from(Booking).where('party > 2').returning(['code']).execute(),
      revisions: deleted(3, 4),
    },
  ],
  { drivers: true },
);
