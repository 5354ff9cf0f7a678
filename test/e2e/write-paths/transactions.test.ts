import { type EntityManager } from 'typeorm';
import { UnrecordedWriteError } from '../../../src/audit.errors.js';
import { describePaths, type ExpectedRevision } from '../../support/worlds/write-paths.js';
import { type World } from '../../support/worlds/write-worlds.js';
import { Booking, Seat } from '../../support/entities/bookings.js';

const seat = (place: string): Partial<Seat> => ({ hall: 1, place, name: place });
const insert = (manager: EntityManager, place: string): Promise<unknown> => manager.insert(Seat, seat(place));
const price = (manager: EntityManager, value: number): Promise<unknown> =>
  manager.update(Seat, { place: 'A' }, { price: value });
const seats = (operation: ExpectedRevision[1], version: number, ...places: string[]): ExpectedRevision[] =>
  places.map((place) => ['seat', operation, [1, place], version]);

class Stop extends Error {}
/** A nested transaction that is rolled back. */
const undone = (manager: EntityManager, fn: (inner: EntityManager) => Promise<unknown>): Promise<unknown> =>
  manager
    .transaction(async (inner) => {
      await fn(inner);
      throw new Stop();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Stop)) throw error;
    });

describePaths(
  'transactions',
  [Booking, Seat],
  [
    {
      name: 'transaction() that is rolled back',
      write: ({ manager }) => undone(manager, (inner) => insert(inner, 'A')),
    },
    {
      name: 'transaction() after one that was rolled back',
      before: ({ manager }) => undone(manager, (inner) => inner.save(Booking, { code: 'a' })),
      write: async ({ manager }) => {
        await manager.save(Booking, { code: 'a' });
      },
      // SQLite gives the number out again.
      revisions: (name) => [['booking', 'insert', name.startsWith('sql') ? 1 : 2, 1]],
    },
    {
      name: 'savepoints that are released',
      write: ({ manager }) =>
        manager.transaction(async (outer) => {
          await insert(outer, 'A');
          await outer.transaction(async (inner) => {
            await insert(inner, 'B');
            await inner.transaction((innermost) => price(innermost, 1));
          });
          await price(outer, 2);
        }),
      revisions: [...seats('insert', 1, 'A', 'B'), ...seats('update', 2, 'A'), ...seats('update', 3, 'A')],
    },
    {
      name: 'savepoints that are rolled back between others',
      write: ({ manager }) =>
        manager.transaction(async (outer) => {
          await insert(outer, 'A');
          await undone(outer, async (inner) => {
            await price(inner, 1);
            await insert(inner, 'B');
          });
          await outer.transaction((inner) => price(inner, 2));
          await undone(outer, (inner) => inner.delete(Seat, { place: 'A' }));
          await insert(outer, 'C');
        }),
      revisions: [...seats('insert', 1, 'A', 'C'), ...seats('update', 2, 'A')],
    },
    {
      name: 'a savepoint that is released inside one that is rolled back',
      write: ({ manager }) =>
        manager.transaction(async (outer) => {
          await insert(outer, 'A');
          await undone(outer, (inner) => inner.transaction((innermost) => price(innermost, 1)));
          await price(outer, 2);
        }),
      revisions: [...seats('insert', 1, 'A'), ...seats('update', 2, 'A')],
    },
    {
      name: 'savepoints that are released inside a transaction() that is rolled back',
      write: ({ manager }) =>
        undone(manager, async (outer) => {
          await insert(outer, 'A');
          await outer.transaction((inner) => price(inner, 1));
        }),
    },
    {
      name: 'save() of one row several times, in savepoints',
      write: ({ manager }) =>
        manager.transaction(async (outer) => {
          const entity = await outer.save(Booking, { code: 'a' });
          await undone(outer, (inner) => inner.save(Booking, { id: entity.id, party: 5 }));
          await outer.transaction((inner) => inner.save(Booking, { id: entity.id, party: 6 }));
          await outer.save(Booking, { id: entity.id, party: 7 });
        }),
      revisions: [
        ['booking', 'insert', 1, 1],
        ['booking', 'update', 1, 2],
        ['booking', 'update', 1, 3],
      ],
    },
    {
      name: 'save() of new rows where a savepoint was rolled back',
      write: ({ manager }) =>
        manager.transaction(async (outer) => {
          await undone(outer, (inner) => inner.save(Booking, { code: 'a' }));
          await outer.save(Booking, { code: 'b' });
        }),
      revisions: (name) => [['booking', 'insert', name.startsWith('sql') ? 1 : 2, 1]],
    },
    {
      name: 'a QueryRunner’s own transaction',
      write: async ({ dataSource }) => {
        const runner = dataSource.createQueryRunner();
        await runner.startTransaction();
        try {
          await insert(runner.manager, 'A');
          await runner.manager.save(Seat, { ...seat('A'), price: 1 });
          await runner.startTransaction();
          await price(runner.manager, 2);
          await runner.rollbackTransaction();
          await runner.commitTransaction();
        } catch (error) {
          await runner.rollbackTransaction();
          throw error;
        } finally {
          await runner.release();
        }
      },
      revisions: [...seats('insert', 1, 'A'), ...seats('update', 2, 'A')],
    },
    {
      name: 'one manager that several services share, one after the other',
      before: ({ manager }) => insert(manager, 'A'),
      write: ({ manager }) =>
        manager.transaction(async (shared) => {
          await shared.getRepository(Booking).save({ code: 'a' });
          await price(shared, 1);
          await shared.createQueryBuilder().insert().into(Seat).values(seat('B')).execute();
        }),
      revisions: [['booking', 'insert', 1, 1], ...seats('insert', 1, 'B'), ...seats('update', 2, 'A')],
    },
    {
      name: 'one manager that several services share, at a time',
      // Its driver deprecates that.
      on: ['sqlite', 'mariadb', 'mysql'],
      before: ({ manager }) => insert(manager, 'A'),
      write: ({ manager }) =>
        manager.transaction((shared) =>
          Promise.all([
            shared.getRepository(Booking).save({ code: 'a' }),
            price(shared, 1),
            shared.save(Seat, seat('B')),
            shared.insert(Seat, seat('C')),
          ]),
        ),
      revisions: [['booking', 'insert', 1, 1], ...seats('insert', 1, 'B', 'C'), ...seats('update', 2, 'A')],
    },
    {
      name: 'transactions one after the other',
      write: async ({ manager }) => {
        await manager.transaction((inner) => insert(inner, 'A'));
        await undone(manager, (inner) => price(inner, 1));
        await manager.transaction((inner) => price(inner, 2));
      },
      revisions: [...seats('insert', 1, 'A'), ...seats('update', 2, 'A')],
      transactions: 2,
    },
  ],
);

const known = ({ manager }: World): Promise<unknown> => manager.insert(Booking, { code: 'known' });

describePaths(
  'errors that are caught',
  [Booking, Seat],
  [
    {
      name: 'a transaction() in which an insert() failed and the error was caught',
      // PostgreSQL lets such a transaction do nothing more.
      on: ['sqlite', 'mariadb', 'mysql'],
      before: known,
      write: ({ manager }) =>
        manager.transaction(async (inner) => {
          await insert(inner, 'A');
          await inner.insert(Booking, { code: 'known' }).catch(() => undefined);
          await inner.save(Booking, { code: 'known' }).catch(() => undefined);
          await insert(inner, 'B');
        }),
      revisions: seats('insert', 1, 'A', 'B'),
    },
    {
      name: 'a transaction() in which half of a save() failed and the error was caught',
      before: known,
      write: ({ manager }) =>
        manager.transaction(async (inner) => {
          await inner
            .save([inner.create(Seat, seat('A')), inner.create(Booking, { code: 'known' })])
            .catch(() => undefined);
        }),
      refused: UnrecordedWriteError,
    },
    {
      name: 'a transaction() with a savepoint in which half of a save() failed and the error was caught',
      before: known,
      write: ({ manager }) =>
        manager.transaction(async (outer) => {
          await insert(outer, 'B');
          await outer
            .transaction((inner) =>
              inner.save([inner.create(Seat, seat('A')), inner.create(Booking, { code: 'known' })]),
            )
            .catch(() => undefined);
          await insert(outer, 'C');
        }),
      revisions: seats('insert', 1, 'B', 'C'),
    },
  ],
);
