import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  type ColumnType,
  DataSource,
  Entity,
  EntitySchema,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
  VersionColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type Page } from '../../../src/history/types/page.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

// A transformer's class may hold its value where a deep comparison doesn't look.
class Money {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
  equals(other: Money): boolean {
    return this.#cents === other.cents;
  }
}

const types: Record<DatabaseName, Record<'bytes' | 'json' | 'decimal' | 'time', ColumnType>> = {
  sqlite: { bytes: 'blob', json: 'simple-json', decimal: 'varchar', time: 'datetime' },
  postgres: { bytes: 'bytea', json: 'jsonb', decimal: 'numeric', time: 'timestamptz' },
  mariadb: { bytes: 'blob', json: 'json', decimal: 'decimal', time: 'datetime' },
  mysql: { bytes: 'blob', json: 'json', decimal: 'decimal', time: 'datetime' },
};

function declareEntities(name: DatabaseName) {
  const type = types[name];

  class Geo {
    @Column({ type: 'double precision', nullable: true }) latitude: number | null;
    label(): string {
      return `at ${this.latitude}`;
    }
  }

  @Entity()
  class Country {
    @PrimaryGeneratedColumn() id: number;
  }

  class Address {
    @Column({ nullable: true, type: 'varchar' }) city: string | null;
    @Column(() => Geo) geo: Geo;
    @ManyToOne(() => Country) @JoinColumn({ name: 'country_fk' }) country: Country;
    label(): string {
      return `in ${this.city}`;
    }
  }

  @Audited()
  @Entity()
  class Everything {
    @PrimaryGeneratedColumn() id: number;
    @Column({ type: 'bigint', nullable: true }) big: string | null;
    @Column({ ...(name === 'sqlite' ? {} : { precision: 20, scale: 4 }), type: type.decimal, nullable: true })
    exact: string | null;
    @Column({ type: 'double precision', nullable: true }) float: number | null;
    @Column({ nullable: true, type: Boolean }) yes: boolean | null;
    @Column({ type: type.time, precision: 3, nullable: true }) at: Date | null;
    @Column({ type: 'date', nullable: true }) day: string | null;
    @Column({ type: type.bytes, nullable: true }) bytes: Buffer | null;
    @Column({ type: type.json, nullable: true }) json: unknown;
    @Column({ type: 'simple-array', nullable: true }) list: string[] | null;
    // Never null in its own table, so neither end of it expects null.
    @Column({
      type: 'int',
      transformer: { to: (money: Money) => money.cents, from: (cents: number) => new Money(cents + 0.0) },
    })
    price: Money;
    @Column({
      transformer: { to: (text: string) => text.toUpperCase(), from: (text: string) => text.toLowerCase() },
    })
    code: string;
    @Column({
      type: 'varchar',
      nullable: true,
      transformer: {
        to: (tags: string[] | undefined) => (tags?.length ? tags.join() : null),
        from: (text: string | null) => (text ? text.split(',') : []),
      },
    })
    tags: string[];
    @Column(() => Address) home: Address;
    @Column(() => Address) work: Address;
    @VersionColumn() lock: number;
  }

  @Audited()
  @Entity()
  @TableInheritance({ column: { type: 'varchar', name: 'kind' } })
  class Vehicle {
    @PrimaryGeneratedColumn() id: number;
    @Column() plate: string;
  }

  @ChildEntity()
  class Car extends Vehicle {
    @Column({ transformer: { to: (text?: string) => text?.trim(), from: (text: string) => text.trim() } })
    doors: string;
    @ManyToOne(() => Country) @JoinColumn({ name: 'made_in' }) madeIn: Country;
  }

  @ChildEntity('lorry')
  class Truck extends Vehicle {
    @Column(() => Geo) depot: Geo;
    @Column() load: number;
  }

  const Note = new EntitySchema<{ id: number; text: string }>({
    name: 'Note',
    columns: { id: { type: Number, primary: true, generated: true }, text: { type: String } },
  });
  Audited()(Note);

  return { Geo, Address, Country, Everything, Vehicle, Car, Truck, Note };
}

describeDatabases('history of values', (name) => {
  const { Geo, Address, Country, Everything, Vehicle, Car, Truck, Note } = declareEntities(name);
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Country, Everything, Vehicle, Car, Truck, Note] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => audited.close());

  const full = {
    big: '9007199254740993',
    exact: '1234567890123456.5000',
    float: 0.1,
    yes: false,
    at: new Date('2015-04-03T12:34:56.789Z'),
    day: '2015-04-03',
    bytes: Buffer.from([0, 255, 10]),
    json: { b: [1, { c: null }], a: 'ä' },
    list: ['x', 'y'],
    price: new Money(500),
    code: 'ab',
    tags: ['one', 'two'],
  };

  it('gives each value as the entity has it', async () => {
    const repository = dataSource.getRepository(Everything);
    const country = await dataSource.getRepository(Country).save({});
    const { id } = await repository.save(
      repository.create({ ...full, home: { city: 'Rome', geo: { latitude: 41.9 }, country } }),
    );
    const live = await repository.findOneByOrFail({ id });
    const past = (await history.asOf(Everything, id, 1))!;
    // SQLite's driver reads integers beyond 2 ** 53 as it can.
    if (name !== 'sqlite') expect(past.big).toBe('9007199254740993');
    expect(past.exact).toBe('1234567890123456.5000');
    expect(past.price.cents).toBe(500);
    expect(past).toBeInstanceOf(Everything);
    for (const [property, value] of Object.entries(live))
      if (property !== 'home' && property !== 'work')
        expect({ [property]: past[property as 'json'] }).toStrictEqual({ [property]: value });
    expect({ ...past.home }).toEqual({ ...live.home });
    expect(past).toMatchObject({ homeCountry_fk: country.id, workCountry_fk: null });
  });

  it('nests embeddeds as instances of their classes', async () => {
    const repository = dataSource.getRepository(Everything);
    const { id } = await repository.save(
      repository.create({ ...full, home: { city: 'Rome', geo: { latitude: 41.9 } } }),
    );
    const { home, work } = (await history.asOf(Everything, id, 1))!;
    expect(home).toBeInstanceOf(Address);
    expect(home.geo).toBeInstanceOf(Geo);
    expect([home.label(), home.geo.label()]).toEqual(['in Rome', 'at 41.9']);
    expect(work).toBeInstanceOf(Address);
    expect(work).toEqual({ city: null, geo: { latitude: null } });
  });

  it('lists each change with the values that the entity has', async () => {
    const repository = dataSource.getRepository(Everything);
    const { id } = await repository.save(repository.create(full));
    await repository.update(id, {
      big: '9007199254740995',
      exact: '1234567890123456.5001',
      float: 0.2,
      yes: true,
      at: new Date('2015-04-03T12:34:56.790Z'),
      day: '2015-04-04',
      bytes: Buffer.from([0, 254, 10]),
      json: { b: [1, { c: 0 }], a: 'ä' },
      list: ['x'],
      price: new Money(501),
      code: 'ac',
      tags: [],
      work: { city: 'Oslo' },
    });
    const revision = (await history.latest(Everything, id))!;
    const changes = Object.fromEntries(
      revision.changes.map(({ property, from, to }) => [property, [from, to]]),
    );
    expect(changes).toMatchObject({
      exact: ['1234567890123456.5000', '1234567890123456.5001'],
      float: [0.1, 0.2],
      yes: [false, true],
      at: [new Date('2015-04-03T12:34:56.789Z'), new Date('2015-04-03T12:34:56.790Z')],
      day: ['2015-04-03', '2015-04-04'],
      bytes: [Buffer.from([0, 255, 10]), Buffer.from([0, 254, 10])],
      json: [full.json, { b: [1, { c: 0 }], a: 'ä' }],
      list: [['x', 'y'], ['x']],
      code: ['ab', 'ac'],
      tags: [['one', 'two'], []],
      'work.city': [null, 'Oslo'],
    });
    expect((changes.price as [Money, Money]).map(({ cents }) => cents)).toEqual([500, 501]);
    if (name !== 'sqlite') expect(changes.big).toEqual(['9007199254740993', '9007199254740995']);
    expect(await history.diff(Everything, id, 1, 2)).toEqual(revision.changes);
  });

  it('neither lists nor finds what is the same to the entity', async () => {
    const repository = dataSource.getRepository(Everything);
    const { id } = await repository.save(repository.create({ ...full, code: 'ab', tags: [] }));
    await repository.query(
      `UPDATE ${dataSource.driver.escape('everything')} SET code = 'Ab', tags = '' WHERE id = ${id}`,
    );
    await repository.update(id, { float: 7 });
    await repository.delete(id);
    const { items } = await history.timeline(Everything, id);
    const names = items.map(({ changes }) => changes.map(({ property }) => property));
    expect(names[1]).toEqual(['float', 'lock']);
    // The list was null in the database when the row was inserted, and an empty text when it was deleted.
    expect([names[0].includes('tags'), names[2].includes('tags')]).toEqual([true, false]);
    for (const property of ['tags', 'code', 'float', 'price', 'home', 'json'] as const)
      for (const limit of [1, 50]) {
        const found: number[] = [];
        let cursor: string | null = null;
        do {
          const page: Page<Revision> = await history.timeline(Everything, id, { property, limit, cursor });
          found.push(...page.items.map(({ version }) => version));
          cursor = page.nextCursor;
        } while (cursor);
        expect({ property, found }).toEqual({
          property,
          found: items
            .filter(({ changes }) =>
              changes.some((change) => `${change.property}.`.startsWith(`${property}.`)),
            )
            .map(({ version }) => version),
        });
      }
  });

  it('does not show the nulls of a deleted row to a transformer', async () => {
    const repository = dataSource.getRepository(Everything);
    const { id } = await repository.save(repository.create(full));
    await repository.delete(id);
    const { items } = await history.timeline(Everything, id);
    expect(items.map(({ operation }) => operation)).toEqual(['delete', 'insert']);
    expect(items[0].changes).toContainEqual({ property: 'code', from: 'ab', to: null });
    expect(items[1].changes).toContainEqual({ property: 'code', from: null, to: 'ab' });
  });

  it('gives the class that the discriminator names', async () => {
    const country = await dataSource.getRepository(Country).save({});
    const car = await dataSource.getRepository(Car).save({ plate: 'A', doors: 'five', madeIn: country });
    const truck = await dataSource.getRepository(Truck).save({ plate: 'B', load: 7, depot: { latitude: 1 } });
    const vehicle = await dataSource.getRepository(Vehicle).save({ plate: 'C' });

    const pastCar = (await history.asOf(Vehicle, car.id, 1))!;
    expect(pastCar).toBeInstanceOf(Car);
    expect(pastCar).toEqual({ id: car.id, plate: 'A', doors: 'five', made_in: country.id, kind: 'Car' });
    const pastTruck = (await history.asOf(Truck, truck.id, 1))!;
    expect(pastTruck).toBeInstanceOf(Truck);
    expect(pastTruck).toEqual({ id: truck.id, plate: 'B', load: 7, depot: { latitude: 1 }, kind: 'lorry' });
    expect(pastTruck.depot).toBeInstanceOf(Geo);
    const pastVehicle = (await history.asOf(Vehicle, vehicle.id, 1))!;
    expect(pastVehicle.constructor).toBe(Vehicle);
    expect(Object.keys(pastVehicle)).not.toContain('load');

    await dataSource.getRepository(Car).update(car.id, { doors: 'three' });
    await dataSource.getRepository(Car).delete(car.id);
    const { items } = await history.timeline(Car, car.id);
    expect(items.map(({ changes }) => changes)).toEqual([
      [
        { property: 'plate', from: 'A', to: null },
        { property: 'doors', from: 'three', to: null },
        { property: 'kind', from: 'Car', to: null },
        { property: 'made_in', from: country.id, to: null },
      ],
      [{ property: 'doors', from: 'five', to: 'three' }],
      [
        { property: 'plate', from: null, to: 'A' },
        { property: 'doors', from: null, to: 'five' },
        { property: 'kind', from: null, to: 'Car' },
        { property: 'made_in', from: null, to: country.id },
      ],
    ]);
  });

  it('gives plain objects for a schema without a class', async () => {
    const note = await dataSource.getRepository(Note).save({ text: 'hello' });
    for (const target of [Note, 'Note'])
      expect(await history.asOf(target, note.id, 1)).toStrictEqual({ id: note.id, text: 'hello' });
    expect((await history.latest(Note, note.id))!.snapshot).toStrictEqual({ id: note.id, text: 'hello' });
  });
});
