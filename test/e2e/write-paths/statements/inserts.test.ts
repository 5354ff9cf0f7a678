import { InsertQueryBuilder } from 'typeorm';
import { AuditError } from '../../../../src/audit.errors.js';
import { type ExpectedRevision, describePaths, type WritePath } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';
import { Booking, Seat } from '../../../support/entities/bookings.js';

const rows = (): Partial<Booking>[] => [{ code: 'a', party: 1 }, { code: 'b', note: 'x' }, { code: 'c' }];
const inserted = (...ids: number[]): ExpectedRevision[] => ids.map((id) => ['booking', 'insert', id, 1]);
const insertA = ({ manager }: World): Promise<unknown> => manager.insert(Booking, { code: 'a' });
const hasSelect = 'valuesFromSelect' in InsertQueryBuilder.prototype;

describePaths(
  'inserts',
  [Booking, Seat],
  [
    {
      name: 'insert() of one row',
      write: async ({ manager }) => {
        const row = { code: 'a' };
        return [await manager.insert(Booking, row), row];
      },
      revisions: inserted(1),
    },
    {
      name: 'insert() of several rows',
      write: async ({ manager }) => {
        const values = rows();
        return [await manager.insert(Booking, values), values];
      },
      revisions: inserted(1, 2, 3),
    },
    {
      name: 'insert() of no rows',
      write: ({ manager }) => manager.insert(Booking, []),
    },
    {
      name: 'insert() of rows with keys of their own',
      write: ({ manager }) =>
        manager.insert(Seat, [
          { hall: 1, place: 'A1', name: 'one' },
          { hall: 1, place: 'A2', name: 'two', price: 5 },
        ]),
      revisions: [
        ['seat', 'insert', [1, 'A1'], 1],
        ['seat', 'insert', [1, 'A2'], 1],
      ],
    },
    {
      name: 'insert() of SQL expressions',
      write: ({ manager }) => manager.insert(Booking, { code: () => `lower('A')`, party: () => '1 + 2' }),
      revisions: inserted(1),
    },
    {
      name: 'insert() of a key that was deleted',
      before: async ({ manager }) => {
        await manager.insert(Seat, { hall: 1, place: 'A1', name: 'one' });
        await manager.delete(Seat, { hall: 1 });
      },
      write: ({ manager }) => manager.insert(Seat, { hall: 1, place: 'A1', name: 'one' }),
      revisions: [['seat', 'insert', [1, 'A1'], 3]],
    },
    {
      name: 'createQueryBuilder().insert()',
      write: ({ manager }) => manager.createQueryBuilder().insert().into(Booking).values(rows()).execute(),
      revisions: inserted(1, 2, 3),
    },
    {
      name: 'createQueryBuilder().insert(), by the table’s name',
      write: ({ manager }) =>
        manager.createQueryBuilder().insert().into('booking').values({ code: 'a' }).execute(),
      revisions: inserted(1),
    },
    {
      name: 'createQueryBuilder().insert() with a list of columns',
      write: ({ manager }) =>
        manager.createQueryBuilder().insert().into(Booking, ['code', 'note']).values(rows()).execute(),
      revisions: inserted(1, 2, 3),
    },
    {
      name: 'createQueryBuilder().insert().updateEntity(false)',
      write: async ({ manager }) => {
        const values = rows();
        return [
          await manager
            .createQueryBuilder()
            .insert()
            .into(Booking)
            .values(values)
            .updateEntity(false)
            .execute(),
          values,
        ];
      },
      revisions: inserted(1, 2, 3),
    },
    {
      name: 'createQueryBuilder().insert().callListeners(false)',
      before: insertA,
      write: ({ dataSource }) =>
        dataSource.transaction((manager) =>
          manager
            .createQueryBuilder()
            .insert()
            .into(Booking)
            .values({ code: 'b' })
            .callListeners(false)
            .execute(),
        ),
      revisions: inserted(2),
    },
    {
      name: 'createQueryBuilder().insert().useTransaction(true)',
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .insert()
          .into(Booking)
          .values({ code: 'a' })
          .useTransaction(true)
          .execute(),
      revisions: inserted(1),
    },
    {
      name: 'createQueryBuilder().insert().returning(string)',
      on: ['postgres', 'mariadb'],
      write: ({ manager }) =>
        manager.createQueryBuilder().insert().into(Booking).values(rows()).returning('*').execute(),
      revisions: inserted(1, 2, 3),
    },
    {
      name: 'createQueryBuilder().insert().returning(properties)',
      on: ['postgres', 'mariadb'],
      write: ({ manager }) =>
        manager.createQueryBuilder().insert().into(Booking).values(rows()).returning(['code']).execute(),
      revisions: inserted(1, 2, 3),
    },
    ...['orIgnore', 'orIgnore, updateEntity(false)'].map((name): WritePath => ({
      name: `createQueryBuilder().insert().${name} of new and known rows`,
      before: insertA,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .insert()
          .into(Booking)
          .values(rows())
          .orIgnore()
          .updateEntity(name === 'orIgnore')
          .execute(),
      // A number is taken from the sequence before the row turns out to be known.
      revisions: (database) => (database.startsWith('m') ? inserted(2, 3) : inserted(3, 4)),
    })),
    {
      name: 'createQueryBuilder().insert().orIgnore() of known rows',
      before: insertA,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .insert()
          .into(Booking)
          .values({ code: 'a', party: 9 })
          .orIgnore()
          .updateEntity(false)
          .execute(),
    },
    {
      name: 'INSERT … SELECT',
      needs: hasSelect,
      on: ['sqlite', 'sqljs', 'postgres', 'mariadb'],
      before: ({ manager }) => manager.insert(Booking, rows()),
      write: insertSelected,
      revisions: inserted(4, 5),
    },
    {
      name: 'INSERT … SELECT',
      needs: hasSelect,
      on: ['mysql-on-mariadb', 'mysql'],
      before: ({ manager }) => manager.insert(Booking, rows()),
      write: insertSelected,
      refused: AuditError,
    },
  ],
  { drivers: true },
);

function insertSelected({ manager, dataSource }: World): Promise<unknown> {
  const code = dataSource.driver.options.type.startsWith('m') ? `concat(r.code, '2')` : `r.code || '2'`;
  return manager
    .createQueryBuilder()
    .insert()
    .into(Booking, ['code', 'party'])
    .valuesFromSelect((query) =>
      query
        .select(code, 'code')
        .addSelect('r.party + 0', 'party')
        .from(Booking, 'r')
        .where('r.party = :party', { party: 2 }),
    )
    .execute();
}
