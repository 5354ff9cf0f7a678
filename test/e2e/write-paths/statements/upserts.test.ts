import { InsertQueryBuilder } from 'typeorm';
import { type QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { describePaths } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';
import { Booking, Seat, Stamped } from '../../../support/entities/bookings.js';

const known = ({ manager }: World): Promise<unknown> =>
  manager.insert(Booking, [
    { code: 'a', party: 1 },
    { code: 'b', party: 1 },
    { code: 'c', party: 1 },
  ]);
const knownSeats = ({ manager }: World): Promise<unknown> =>
  manager.insert(Seat, [
    { hall: 1, place: 'A1', name: 'one', price: 5 },
    { hall: 1, place: 'A2', name: 'two', price: 5 },
  ]);
const upsert =
  (rows: QueryDeepPartialEntity<Booking>[]) =>
  async ({ manager }: World): Promise<unknown> => {
    const values = structuredClone(rows);
    return [await manager.upsert(Booking, values, ['code']), values];
  };

const insertOrUpdate = ({ manager }: World, ...rows: QueryDeepPartialEntity<Booking>[]) =>
  manager.createQueryBuilder().insert().into(Booking).values(rows).orUpdate(['party'], ['code']);

describePaths(
  'upserts',
  [Booking, Seat, Stamped],
  [
    {
      name: 'upsert() of a new row',
      write: upsert([{ code: 'a', party: 1 }]),
      revisions: [['booking', 'insert', 1, 1]],
    },
    {
      name: 'upsert() of a changed row',
      before: known,
      write: upsert([{ code: 'b', party: 9 }]),
      revisions: [['booking', 'update', 2, 2]],
    },
    {
      name: 'upsert() of an unchanged row',
      // Without RETURNING, TypeORM fails on one: it is told no id.
      on: ['sqlite', 'sqljs', 'postgres', 'mariadb'],
      before: known,
      write: upsert([{ code: 'b', party: 1 }]),
    },
    {
      // MySQL tells of 0 affected rows, or of 1 where the driver counts found ones.
      name: 'upsert() of an unchanged row by its key',
      before: knownSeats,
      write: ({ manager }) =>
        manager.upsert(Seat, { hall: 1, place: 'A1', name: 'one', price: 5 }, ['hall', 'place']),
    },
    {
      name: 'upsert() of unchanged rows by their keys',
      before: knownSeats,
      write: ({ manager }) =>
        manager.upsert(
          Seat,
          [
            { hall: 1, place: 'A1', name: 'one', price: 5 },
            { hall: 1, place: 'A2', name: 'two', price: 5 },
          ],
          ['hall', 'place'],
        ),
    },
    {
      name: 'createQueryBuilder().insert().orUpdate().updateEntity(false) of an unchanged row',
      before: known,
      write: (world) => insertOrUpdate(world, { code: 'b', party: 1 }).updateEntity(false).execute(),
    },
    {
      name: 'upsert() of new, changed and unchanged rows',
      before: known,
      write: upsert([
        { code: 'a', party: 1 },
        { code: 'b', party: 9 },
        { code: 'd', party: 1 },
      ]),
      // PostgreSQL and SQLite take a number for each row before they see that it is known.
      revisions: (name) => [
        ['booking', 'update', 2, 2],
        ['booking', 'insert', name.startsWith('m') ? 4 : 6, 1],
      ],
    },
    {
      name: 'upsert() by a composite key',
      before: knownSeats,
      write: ({ manager }) =>
        manager.upsert(
          Seat,
          [
            { hall: 1, place: 'A1', name: 'one', price: 9 },
            { hall: 1, place: 'A2', name: 'two', price: 5 },
            { hall: 2, place: 'A1', name: 'one', price: 5 },
          ],
          ['hall', 'place'],
        ),
      revisions: [
        ['seat', 'update', [1, 'A1'], 2],
        ['seat', 'insert', [2, 'A1'], 1],
      ],
    },
    {
      name: 'upsert() by unique columns of a row that gets another key',
      before: knownSeats,
      write: ({ manager }) =>
        manager.upsert(Seat, [{ hall: 1, place: 'X', name: 'one', price: 9 }], {
          conflictPaths: ['hall', 'name'],
          skipUpdateIfNoValuesChanged: true,
        }),
      revisions: [
        ['seat', 'delete', [1, 'A1'], 2],
        ['seat', 'insert', [1, 'X'], 1],
      ],
    },
    {
      name: 'upsert() by unique columns of a row that keeps its key',
      before: knownSeats,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .insert()
          .into(Seat)
          .values({ hall: 1, place: 'X', name: 'one', price: 9 })
          .orUpdate(['price'], ['hall', 'name'])
          .execute(),
      revisions: [['seat', 'update', [1, 'A1'], 2]],
    },
    {
      name: 'upsert() with skipUpdateIfNoValuesChanged',
      before: known,
      write: ({ manager }) =>
        manager.upsert(
          Booking,
          [
            { code: 'a', party: 1 },
            { code: 'b', party: 9 },
          ],
          {
            conflictPaths: ['code'],
            skipUpdateIfNoValuesChanged: true,
          },
        ),
      revisions: [['booking', 'update', 2, 2]],
    },
    {
      name: 'upsert() of a soft-deleted row',
      before: async (world) => {
        await known(world);
        await world.manager.softDelete(Booking, 2);
      },
      write: upsert([{ code: 'b', party: 9 }]),
      revisions: [['booking', 'update', 2, 3]],
    },
    {
      name: 'createQueryBuilder().insert().orUpdate()',
      before: known,
      write: (world) =>
        insertOrUpdate(world, { code: 'a', party: 9, note: 'kept out' }, { code: 'b', party: 1 }).execute(),
      revisions: [['booking', 'update', 1, 2]],
    },
    {
      name: 'createQueryBuilder().insert().orUpdate().updateEntity(false)',
      before: known,
      write: (world) =>
        insertOrUpdate(world, { code: 'a', party: 9 }, { code: 'b', party: 1 }).updateEntity(false).execute(),
      revisions: [['booking', 'update', 1, 2]],
    },
    {
      name: 'createQueryBuilder().insert().orUpdate() with an overwrite condition',
      on: ['postgres'],
      needs: 'valuesFromSelect' in InsertQueryBuilder.prototype,
      before: known,
      write: (world) =>
        insertOrUpdate(world, { code: 'a', party: 9 }, { code: 'b', party: 8 })
          .orUpdate(['party'], ['code'], {
            overwriteCondition: { where: 'booking.code = :code', parameters: { code: 'b' } },
          })
          .returning('*')
          .execute(),
      revisions: [['booking', 'update', 2, 2]],
    },
  ],
  { drivers: true },
);
