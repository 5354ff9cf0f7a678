import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  Column,
  DataSource,
  Entity,
  type EntityManager,
  JoinTable,
  type Logger,
  ManyToMany,
  MoreThan,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { attachAudit } from '../../src/attach-audit.js';
import { Audited } from '../../src/audited/audited.decorator.js';
import {
  createDatabase,
  type DatabaseName,
  describeDatabases,
  type TestDatabase,
} from '../support/databases.js';

@Audited()
@Entity()
class Seat {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) number: number;
  @Column({ default: false }) taken: boolean;
}

@Audited()
@Entity()
class Tag {
  @PrimaryGeneratedColumn() id: number;
}

@Audited()
@Entity()
class Hall {
  @PrimaryGeneratedColumn() id: number;
  @ManyToMany(() => Tag) @JoinTable() tags: Tag[];
}

/** How many statements a write may take more than the same write does without audit. */
type Extra = Partial<Record<DatabaseName, number>> & { other: number };

interface CountedWrite {
  readonly name: string;
  /** What has to be there, and the write that is then counted. */
  readonly prepare: (manager: EntityManager) => Promise<() => Promise<unknown>>;
  readonly extra: Extra;
}

let number = 0;

function seats(count: number): Partial<Seat>[] {
  return Array.from({ length: count }, () => ({ number: ++number }));
}

const saved = (manager: EntityManager, count: number): Promise<Seat[]> =>
  manager.save(manager.create(Seat, seats(count)));

const writes: readonly CountedWrite[] = [
  {
    name: 'save of a new entity',
    prepare: async (manager) => {
      const [seat] = manager.create(Seat, seats(1));
      return () => manager.save(seat);
    },
    extra: { other: 1 },
  },
  {
    name: 'save of a changed entity',
    prepare: async (manager) => {
      const [seat] = await saved(manager, 1);
      seat.taken = true;
      return () => manager.save(seat);
    },
    extra: { mariadb: 2, other: 1 },
  },
  {
    name: 'save of an unchanged entity',
    prepare: async (manager) => {
      const [seat] = await saved(manager, 1);
      return () => manager.save(seat);
    },
    extra: { other: 0 },
  },
  {
    name: 'remove of an entity',
    prepare: async (manager) => {
      const [seat] = await saved(manager, 1);
      return () => manager.remove(seat);
    },
    extra: { mariadb: 2, other: 1 },
  },
  {
    name: 'save of 100 new entities',
    prepare: async (manager) => {
      const all = manager.create(Seat, seats(100));
      return () => manager.save(all);
    },
    extra: { other: 1 },
  },
  {
    name: 'save of 100 changed entities',
    prepare: async (manager) => {
      const all = await saved(manager, 100);
      for (const seat of all) seat.taken = true;
      return () => manager.save(all);
    },
    extra: { mariadb: 2, other: 1 },
  },
  {
    name: 'remove of 100 entities',
    prepare: async (manager) => {
      const all = await saved(manager, 100);
      return () => manager.remove(all);
    },
    extra: { mariadb: 2, other: 1 },
  },
  {
    name: 'insert()',
    prepare: async (manager) => () => manager.insert(Seat, seats(1)[0]),
    extra: { other: 3 },
  },
  {
    name: 'insert() of 100 rows',
    prepare: async (manager) => () => manager.insert(Seat, seats(100)),
    extra: { other: 3 },
  },
  {
    name: 'update() by id',
    prepare: async (manager) => {
      const [{ id }] = await saved(manager, 1);
      return () => manager.update(Seat, id, { taken: true });
    },
    extra: { mariadb: 5, other: 3 },
  },
  {
    name: 'update() of 100 rows by criteria',
    prepare: async (manager) => {
      const [{ number: first }] = await saved(manager, 100);
      return () => manager.update(Seat, { number: MoreThan(first - 1) }, { taken: true });
    },
    extra: { mariadb: 5, other: 3 },
  },
  {
    name: 'delete() by id',
    prepare: async (manager) => {
      const [{ id }] = await saved(manager, 1);
      return () => manager.delete(Seat, id);
    },
    extra: { mariadb: 5, other: 3 },
  },
  {
    name: 'delete() of 100 rows by criteria',
    prepare: async (manager) => {
      const [{ number: first }] = await saved(manager, 100);
      return () => manager.delete(Seat, { number: MoreThan(first - 1) });
    },
    extra: { mariadb: 5, other: 3 },
  },
  {
    name: 'upsert() of a new row',
    prepare: async (manager) => {
      const [seat] = seats(1);
      return () => manager.upsert(Seat, seat, ['number']);
    },
    extra: { mariadb: 4, other: 3 },
  },
  {
    name: 'upsert() of a known row',
    prepare: async (manager) => {
      const [{ number: known }] = await saved(manager, 1);
      return () => manager.upsert(Seat, { number: known, taken: true }, ['number']);
    },
    extra: { mariadb: 4, other: 3 },
  },
  {
    name: 'change of a many-to-many relation',
    prepare: async (manager) => {
      const [one, other] = await manager.save(manager.create(Tag, [{}, {}]));
      const hall = await manager.save(manager.create(Hall, { tags: [one] }));
      hall.tags = [other];
      return () => manager.save(hall);
    },
    extra: { mariadb: 3, other: 2 },
  },
  {
    name: 'transaction of three saves',
    prepare: async (manager) => () =>
      manager.transaction(async (inner) => {
        for (const seat of inner.create(Seat, seats(3))) await inner.save(seat);
      }),
    extra: { other: 3 },
  },
];

describeDatabases('the statements of a write', (name) => {
  let audited: Counted;
  let plain: Counted;
  beforeAll(async () => {
    audited = await open(name);
    attachAudit(audited.dataSource);
    plain = await open(name);
  });
  afterAll(async () => {
    for (const counted of [audited, plain]) {
      await counted?.dataSource.destroy();
      await counted?.database.drop();
    }
  });

  it.each(writes)('are no more than they were for $name', async ({ prepare, extra }) => {
    const statements = await statementsOf(audited, prepare);
    const without = await statementsOf(plain, prepare);
    const most = without.length + (extra[name] ?? extra.other);
    // Compared as texts, so that a failure shows the one that has come.
    if (statements.length > most) expect(statements).toEqual(without);
  });
});

interface Counted {
  readonly database: TestDatabase;
  readonly dataSource: DataSource;
  readonly statements: string[];
}

async function open(name: DatabaseName): Promise<Counted> {
  const database = await createDatabase(name);
  const statements: string[] = [];
  const logger: Logger = {
    logQuery: (query) => void statements.push(query),
    logQueryError: () => undefined,
    logQuerySlow: () => undefined,
    logSchemaBuild: () => undefined,
    logMigration: () => undefined,
    log: () => undefined,
  };
  const options = { ...database.options, entities: [Seat, Tag, Hall], synchronize: true, logger };
  const dataSource = await new DataSource(options).initialize();
  return { database, dataSource, statements };
}

// The first time is to learn what the database alone knows of a table.
async function statementsOf(
  { dataSource, statements }: Counted,
  prepare: CountedWrite['prepare'],
): Promise<string[]> {
  await (
    await prepare(dataSource.manager)
  )();
  const write = await prepare(dataSource.manager);
  statements.length = 0;
  await write();
  return [...statements];
}
