import { afterAll, afterEach, expect, it } from '@jest/globals';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import {
  databasesOfThisRun,
  describeDatabases,
  createDatabase,
  type TestDatabase,
} from '../../support/servers/databases.js';

@Audited()
@Entity({ name: 'we ird-täble' })
class Weird {
  @PrimaryGeneratedColumn({ name: 'the key' }) id: number;
  @Column({ name: 'the value' }) value: string;
}

@Audited()
@Entity({ name: 'weird' })
class Plain {
  @PrimaryGeneratedColumn() id: number;
  @Column() value: string;
  @ManyToOne(() => Weird) weird: Weird;
}

const opened: { dataSource: DataSource; database: TestDatabase }[] = [];

async function open(database: TestDatabase, options: Partial<DataSourceOptions>): Promise<DataSource> {
  const dataSource = new DataSource({
    ...database.options,
    synchronize: true,
    ...options,
  } as DataSourceOptions);
  opened.push({ dataSource, database });
  return dataSource.initialize();
}

const close = async () => {
  for (const { dataSource, database } of opened.splice(0)) {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.drop();
  }
};
afterEach(close);
afterAll(close);

const pause = () => new Promise((resolve) => setTimeout(resolve, 3));

describeDatabases('a table of the past', (name) => {
  it('may have a name that needs escaping, and a prefix', async () => {
    const dataSource = await open(await createDatabase(name), {
      entities: [Weird, Plain],
      entityPrefix: 'x-',
    });
    const { history } = attachAudit(dataSource);
    const { manager } = dataSource;
    const weird = await manager.save(manager.create(Weird, { value: 'old' }));
    await manager.save(manager.create(Plain, { value: 'old', weird }));
    const then = new Date();
    await pause();
    for (const target of [Plain, Weird])
      await manager.createQueryBuilder().update(target).set({ value: 'new' }).execute();
    const past = history.at(then);
    expect(
      await past.find(Plain, { relations: { weird: true }, where: { weird: { value: 'old' } } }),
    ).toMatchObject([{ value: 'old', weird: { value: 'old' } }]);
    expect(await past.find(Weird)).toMatchObject([{ value: 'old' }]);
  });

  it('may be one of many that are read at once', async () => {
    const entities = Array.from({ length: 30 }, (_, n) => {
      class Numbered {
        id: number;
        value: string;
      }
      Object.defineProperty(Numbered, 'name', { value: `Numbered${n}` });
      PrimaryGeneratedColumn()(Numbered.prototype, 'id');
      Column({ type: 'varchar' })(Numbered.prototype, 'value');
      Entity({ name: `numbered_${n}` })(Numbered);
      Audited()(Numbered);
      return Numbered;
    });
    const dataSource = await open(await createDatabase(name), { entities });
    const { history } = attachAudit(dataSource);
    for (const target of entities) await dataSource.manager.save(target, { value: 'old' });
    const then = new Date();
    await pause();
    for (const target of entities) await dataSource.manager.update(target, { id: 1 }, { value: 'new' });
    const query = history.at(then).createQueryBuilder(entities[0], 't0').select('t0.value', 'v0');
    for (const [n, target] of entities.entries())
      if (n > 0) query.innerJoin(target, `t${n}`, `t${n}.id = t0.id`).addSelect(`t${n}.value`, `v${n}`);
    expect(await query.getRawOne()).toEqual(Object.fromEntries(entities.map((_, n) => [`v${n}`, 'old'])));
    if (name === 'mysql')
      expect(query.maxExecutionTime(9_000).getQuery()).toContain(
        ' SELECT /*+ SET_VAR(optimizer_search_depth = 3) MAX_EXECUTION_TIME(9000) */ `t0`',
      );
  });
});

// SQLite has no schemas.
const withSchemas = databasesOfThisRun().filter((name) => name !== 'sqlite');
(withSchemas.length > 0 ? it.each(withSchemas) : it.skip.each(['no server'] as never[]))(
  'a table of a schema of its own is shadowed, by whatever way it is named (%s)',
  async (name) => {
    const database = await createDatabase(name);
    const schema =
      name === 'postgres'
        ? { schema: 'hotel' }
        : { database: (database.options as { database: string }).database };
    const qualifier = Object.values(schema)[0]!;

    @Audited()
    @Entity({ name: 'room', ...schema })
    class Room {
      @PrimaryGeneratedColumn() id: number;
      @Column() value: string;
    }

    @Audited()
    @Entity({ name: 'reservation' })
    class RoomReservation {
      @PrimaryGeneratedColumn() id: number;
      @Column() value: string;
      @ManyToOne(() => Room) room: Room;
    }

    if (name === 'postgres') {
      const admin = await new DataSource(database.options).initialize();
      await admin.query('CREATE SCHEMA hotel');
      await admin.query('CREATE TABLE room (id int, value varchar)');
      await admin.destroy();
    }
    const dataSource = await open(database, { entities: [Room, RoomReservation] });
    const { history } = attachAudit(dataSource);
    const { manager } = dataSource;
    const room = await manager.save(manager.create(Room, { value: 'old' }));
    await manager.save(manager.create(RoomReservation, { value: 'old', room }));
    const then = new Date();
    await pause();
    for (const target of [Room, RoomReservation])
      await manager.createQueryBuilder().update(target).set({ value: 'new' }).execute();

    const past = history.at(then);
    expect(await past.find(Room)).toMatchObject([{ value: 'old' }]);
    expect(await past.find(RoomReservation, { relations: { room: true } })).toMatchObject([
      { value: 'old', room: { value: 'old' } },
    ]);
    const { escape } = dataSource.driver;
    const escaped = `${escape.call(dataSource.driver, qualifier)}.${escape.call(dataSource.driver, 'room')}`;
    const own = name === 'postgres' ? 'public' : qualifier;
    for (const [table, path] of [
      ['room', `${qualifier}.room`],
      ['room', escaped],
      ['reservation', `${own}.reservation`],
      ['reservation', 'reservation'],
    ])
      expect(
        await past
          .createQueryBuilder(RoomReservation, 'r')
          .select(`(SELECT max(t.value) FROM ${path} t)`, table)
          .getRawMany(),
      ).toEqual([{ [table]: 'old' }]);
    // Another table of the same name is not it.
    if (name === 'postgres')
      expect(
        await past
          .createQueryBuilder(Room, 'r')
          .select('(SELECT count(*) FROM public.room p)', 'n')
          .getRawMany(),
      ).toEqual([{ n: '0' }]);
  },
);
