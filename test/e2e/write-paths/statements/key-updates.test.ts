import { Column, Entity, ManyToOne, OneToMany, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { describePaths } from '../../../support/worlds/write-paths.js';
import { MYSQLS, type World } from '../../../support/worlds/write-worlds.js';
import { Booking, Seat } from '../../../support/entities/bookings.js';

const bookings = ({ manager }: World): Promise<unknown> =>
  manager.insert(Booking, [{ code: 'a' }, { code: 'b' }]);
const seats = ({ manager }: World): Promise<unknown> =>
  manager.insert(Seat, [
    { hall: 1, place: 'A1', name: 'one' },
    { hall: 1, place: 'A2', name: 'two' },
  ]);

describePaths(
  'changed keys',
  [Booking, Seat],
  [
    {
      name: 'update() of a key',
      before: bookings,
      write: ({ manager }) => manager.update(Booking, 1, { id: 7 }),
      revisions: [
        ['booking', 'delete', 1, 2],
        ['booking', 'insert', 7, 1],
      ],
    },
    {
      name: 'update() of a key and other columns',
      before: bookings,
      write: ({ manager }) => manager.update(Booking, { code: 'b' }, { id: 7, party: 9 }),
      revisions: [
        ['booking', 'delete', 2, 2],
        ['booking', 'insert', 7, 1],
      ],
    },
    {
      name: 'update() of a key to itself',
      before: bookings,
      write: ({ manager }) => manager.update(Booking, { id: 1 }, { id: 1, party: 9 }),
      revisions: [['booking', 'update', 1, 2]],
    },
    {
      name: 'update() of a key to one that had a history',
      before: async (world) => {
        await bookings(world);
        await world.manager.delete(Booking, 2);
      },
      write: ({ manager }) => manager.update(Booking, 1, { id: 2 }),
      revisions: [
        ['booking', 'delete', 1, 2],
        ['booking', 'insert', 2, 3],
      ],
    },
    {
      name: 'update() of keys by an expression',
      before: bookings,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .update(Booking)
          .set({ id: () => 'id + 100' })
          .execute(),
      revisions: [1, 2].flatMap(
        (id) =>
          [
            ['booking', 'delete', id, 2],
            ['booking', 'insert', id + 100, 1],
          ] as const,
      ),
    },
    {
      name: 'update() of keys that take each other’s place',
      on: MYSQLS,
      before: bookings,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .update(Booking)
          .set({ id: () => 'id + 1' })
          .orderBy('id', 'DESC')
          .execute(),
      revisions: [
        ['booking', 'delete', 1, 2],
        ['booking', 'update', 2, 2],
        ['booking', 'insert', 3, 1],
      ],
    },
    {
      name: 'update() of a part of a composite key',
      before: seats,
      write: ({ manager }) => manager.update(Seat, { hall: 1, place: 'A2' }, { place: 'B2' }),
      revisions: [
        ['seat', 'delete', [1, 'A2'], 2],
        ['seat', 'insert', [1, 'B2'], 1],
      ],
    },
    {
      name: 'update() of a composite key by an expression',
      before: seats,
      write: ({ manager }) =>
        manager
          .createQueryBuilder()
          .update(Seat)
          .set({ hall: () => 'hall + 1', price: 5 })
          .where({ hall: 1 })
          .execute(),
      revisions: ['A1', 'A2'].flatMap(
        (place) =>
          [
            ['seat', 'delete', [1, place], 2],
            ['seat', 'insert', [2, place], 1],
          ] as const,
      ),
    },
    {
      name: 'update() of a key there and back in one transaction',
      before: bookings,
      write: ({ dataSource }) =>
        dataSource.transaction(async (manager) => [
          await manager.update(Booking, 1, { id: 7 }),
          await manager.update(Booking, 7, { id: 1 }),
        ]),
      revisions: [
        ['booking', 'delete', 1, 2],
        ['booking', 'insert', 7, 1],
        ['booking', 'delete', 7, 2],
        ['booking', 'insert', 1, 3],
      ],
    },
  ],
  { drivers: true },
);

/** Not audited itself. */
@Entity()
class Country {
  @PrimaryColumn({ length: 2 }) code: string;
  @Column({ type: 'varchar', length: 20, unique: true }) name: string;
  @OneToMany(() => City, (city) => city.country) cities: City[];
}

@Audited()
@Entity()
class City {
  @ManyToOne(() => Country, (country) => country.cities, { onUpdate: 'CASCADE' }) country: Country;
  @PrimaryColumn({ length: 2 }) countryCode: string;
  @PrimaryColumn() number: number;
}

@Audited()
@Entity()
class Street {
  @PrimaryColumn() id: number;
  @ManyToOne(() => City, { onUpdate: 'CASCADE', nullable: true }) city: City | null;
}

@Audited()
@Entity()
class Flag {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Country, { onUpdate: 'SET NULL', nullable: true }) country: Country | null;
}

async function world({ manager }: World): Promise<void> {
  await manager.insert(Country, [
    { code: 'nl', name: 'Nederland' },
    { code: 'be', name: 'België' },
  ]);
  await manager.insert(City, [
    { countryCode: 'nl', number: 1 },
    { countryCode: 'be', number: 1 },
  ]);
  await manager.insert(Street, [
    { id: 1, city: { countryCode: 'nl', number: 1 } },
    { id: 2, city: { countryCode: 'be', number: 1 } },
    { id: 3 },
  ]);
}

describePaths(
  'ON UPDATE',
  [Country, City, Street, Flag],
  [
    {
      name: 'ON UPDATE CASCADE into keys and beyond them, from a table that is not audited',
      before: world,
      write: ({ manager }) => manager.update(Country, 'nl', { code: 'xx' }),
      revisions: [
        ['city', 'delete', ['nl', 1], 2],
        ['city', 'insert', ['xx', 1], 1],
        ['street', 'update', 1, 2],
      ],
    },
    {
      name: 'ON UPDATE CASCADE from an audited table',
      before: world,
      write: ({ manager }) => manager.update(City, { countryCode: 'be', number: 1 }, { number: 5 }),
      revisions: [
        ['city', 'delete', ['be', 1], 2],
        ['city', 'insert', ['be', 5], 1],
        ['street', 'update', 2, 2],
      ],
    },
    {
      name: 'ON UPDATE SET NULL',
      before: async (given) => {
        await given.manager.insert(Country, [{ code: 'nl', name: 'Nederland' }]);
        await given.manager.insert(Flag, [{ id: 1, country: { code: 'nl' } }, { id: 2 }]);
      },
      write: ({ manager }) => manager.update(Country, { name: 'Nederland' }, { code: () => `upper('xx')` }),
      revisions: [['flag', 'update', 1, 2]],
    },
    {
      name: 'update() of columns that no foreign key refers to',
      before: world,
      write: ({ manager }) => manager.update(Country, 'nl', { name: 'Holland' }),
    },
  ],
  { drivers: true },
);
