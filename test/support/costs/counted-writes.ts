import {
  Column,
  Entity,
  type EntityManager,
  JoinTable,
  ManyToMany,
  MoreThan,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { type DatabaseName } from '../servers/databases.js';

@Audited()
@Entity()
export class Seat {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) number: number;
  @Column({ default: false }) taken: boolean;
}

@Audited()
@Entity()
export class Tag {
  @PrimaryGeneratedColumn() id: number;
}

@Audited()
@Entity()
export class Hall {
  @PrimaryGeneratedColumn() id: number;
  @ManyToMany(() => Tag) @JoinTable() tags: Tag[];
}

/** How many statements a write takes more than the same write does without audit. */
type Extra = Partial<Record<DatabaseName, number>> & { other: number };

export interface CountedWrite {
  readonly name: string;
  /** What has to be there, and the write that is then counted. */
  readonly prepare: (manager: EntityManager) => Promise<() => Promise<unknown>>;
  /** How many of its rows change. */
  readonly rows: number;
  readonly extra: Extra;
}

let number = 0;

function seats(count: number): Partial<Seat>[] {
  return Array.from({ length: count }, () => ({ number: ++number }));
}

const saved = (manager: EntityManager, count: number): Promise<Seat[]> =>
  manager.save(manager.create(Seat, seats(count)));

/** The ways to write, each of which a test counts against the same without audit. */
export const writes: readonly CountedWrite[] = [
  {
    name: 'save of a new entity',
    rows: 1,
    prepare: async (manager) => {
      const [seat] = manager.create(Seat, seats(1));
      return () => manager.save(seat);
    },
    extra: { other: 1 },
  },
  {
    name: 'save of a changed entity',
    rows: 1,
    prepare: async (manager) => {
      const [seat] = await saved(manager, 1);
      seat.taken = true;
      return () => manager.save(seat);
    },
    extra: { mysql: 2, other: 1 },
  },
  {
    name: 'save of an unchanged entity',
    rows: 0,
    prepare: async (manager) => {
      const [seat] = await saved(manager, 1);
      return () => manager.save(seat);
    },
    extra: { other: 0 },
  },
  {
    name: 'remove of an entity',
    rows: 1,
    prepare: async (manager) => {
      const [seat] = await saved(manager, 1);
      return () => manager.remove(seat);
    },
    extra: { mysql: 2, other: 1 },
  },
  {
    name: 'save of 100 new entities',
    rows: 100,
    prepare: async (manager) => {
      const all = manager.create(Seat, seats(100));
      return () => manager.save(all);
    },
    extra: { other: 1 },
  },
  {
    name: 'save of 100 changed entities',
    rows: 100,
    prepare: async (manager) => {
      const all = await saved(manager, 100);
      for (const seat of all) seat.taken = true;
      return () => manager.save(all);
    },
    extra: { mysql: 2, other: 1 },
  },
  {
    name: 'remove of 100 entities',
    rows: 100,
    prepare: async (manager) => {
      const all = await saved(manager, 100);
      return () => manager.remove(all);
    },
    extra: { mysql: 2, other: 1 },
  },
  {
    name: 'insert()',
    rows: 1,
    prepare: async (manager) => () => manager.insert(Seat, seats(1)[0]),
    extra: { other: 3 },
  },
  {
    name: 'insert() of 100 rows',
    rows: 100,
    prepare: async (manager) => () => manager.insert(Seat, seats(100)),
    extra: { mysql: 4, other: 3 },
  },
  {
    name: 'update() by id',
    rows: 1,
    prepare: async (manager) => {
      const [{ id }] = await saved(manager, 1);
      return () => manager.update(Seat, id, { taken: true });
    },
    extra: { mysql: 4, other: 3 },
  },
  {
    name: 'update() of 100 rows by criteria',
    rows: 100,
    prepare: async (manager) => {
      const [{ number: first }] = await saved(manager, 100);
      return () => manager.update(Seat, { number: MoreThan(first - 1) }, { taken: true });
    },
    extra: { mariadb: 4, mysql: 5, other: 3 },
  },
  {
    name: 'delete() by id',
    rows: 1,
    prepare: async (manager) => {
      const [{ id }] = await saved(manager, 1);
      return () => manager.delete(Seat, id);
    },
    extra: { mysql: 4, other: 3 },
  },
  {
    name: 'delete() of 100 rows by criteria',
    rows: 100,
    prepare: async (manager) => {
      const [{ number: first }] = await saved(manager, 100);
      return () => manager.delete(Seat, { number: MoreThan(first - 1) });
    },
    extra: { mariadb: 4, mysql: 5, other: 3 },
  },
  {
    name: 'upsert() of a new row',
    rows: 1,
    prepare: async (manager) => {
      const [seat] = seats(1);
      return () => manager.upsert(Seat, seat, ['number']);
    },
    extra: { mysql: 5, other: 3 },
  },
  {
    name: 'upsert() of a known row',
    rows: 1,
    prepare: async (manager) => {
      const [{ number: known }] = await saved(manager, 1);
      return () => manager.upsert(Seat, { number: known, taken: true }, ['number']);
    },
    extra: { mysql: 5, other: 3 },
  },
  {
    name: 'change of a many-to-many relation',
    rows: 2,
    prepare: async (manager) => {
      const [one, other] = await manager.save(manager.create(Tag, [{}, {}]));
      const hall = await manager.save(manager.create(Hall, { tags: [one] }));
      hall.tags = [other];
      return () => manager.save(hall);
    },
    // MySQL reads the history of a given key first, for new rows too.
    extra: { mysql: 4, other: 2 },
  },
  {
    name: 'transaction of three saves',
    rows: 3,
    prepare: async (manager) => () =>
      manager.transaction(async (inner) => {
        for (const seat of inner.create(Seat, seats(3))) await inner.save(seat);
      }),
    extra: { other: 3 },
  },
];
