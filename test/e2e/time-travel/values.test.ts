import { afterAll, afterEach, expect, it } from '@jest/globals';
import {
  ArrayContains,
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  ManyToOne,
  PrimaryColumn,
} from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import {
  createDatabase,
  databasesOfThisRun,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';

enum Level {
  Low = 1,
  High = 2,
}

class Money {
  constructor(readonly cents: number) {}
}
// Neither way takes null, as the column never is.
const money = {
  to: (value: Money) => value.cents,
  from: (value: number) => {
    if (value === null) throw new Error('null');
    return new Money(Number(value));
  },
};

@Audited()
@Entity()
class Guest {
  @PrimaryColumn() id: number;
  @Masked() @Column() name: string;
  @Masked() @Column({ type: 'int', nullable: true }) age: number | null;
  @Masked('hash') @Column() iban: string;
  @Masked() @ManyToOne(() => Guest) host: Guest | null;
}

@Audited()
@Entity()
class Account {
  @PrimaryColumn({ type: 'bigint' }) id: string;
  @Column({ type: 'int', transformer: money }) balance: Money;
  @NotAudited() @Column({ type: 'int', transformer: money }) cached: Money;
  @Column({ type: 'bigint' }) large: string;
  @Column() since: Date;
  @Column() active: boolean;
}

@Audited()
@Entity()
class Postgres {
  @PrimaryColumn({ type: 'uuid' }) id: string;
  @Column({ type: 'enum', enum: ['b', 'a'] }) one: string;
  @Column({ type: 'enum', enum: ['a', 'b'], array: true }) some: string[];
  @Column({ type: 'enum', enum: Level }) level: Level;
  @Column({ type: 'jsonb' }) json: unknown;
  @Column({ type: 'timestamptz', precision: 3 }) at: Date;
  @Column({ type: 'bytea' }) bytes: Buffer;
  @Column({ type: 'int', array: true }) numbers: number[];
  @NotAudited() @Column({ type: 'enum', enum: ['a', 'b'], array: true, default: [] }) hidden: string[];
}

@Audited()
@Entity()
class Mysql {
  @PrimaryColumn() id: number;
  @Column({ type: 'enum', enum: ['b', 'a'] }) one: string;
  @Column({ type: 'set', enum: ['a', 'b'] }) some: string[];
  @Column({ type: 'enum', enum: Level }) level: Level;
  @Column({ type: 'json' }) json: unknown;
  @Column({ type: 'datetime', precision: 3 }) at: Date;
  @Column({ type: 'varbinary', length: 20 }) bytes: Buffer;
}

let opened: { dataSource: DataSource; database: TestDatabase } | undefined;
async function open(database: TestDatabase, entities: DataSourceOptions['entities']) {
  const dataSource = new DataSource({
    ...database.options,
    synchronize: true,
    entities,
  });
  opened = { dataSource, database };
  await dataSource.initialize();
  return {
    manager: dataSource.manager,
    ...attachAudit(dataSource, { maskKey: 'a key for tests, of more than 32 bytes' }),
  };
}
const close = async () => {
  if (opened?.dataSource.isInitialized) await opened.dataSource.destroy();
  await opened?.database.drop();
  opened = undefined;
};
afterEach(close);
afterAll(close);

const pause = () => new Promise((resolve) => setTimeout(resolve, 3));

describeDatabases('values of the past', (name) => {
  it('are read as those of the present, and not at all where none were recorded', async () => {
    const { manager, history } = await open(await createDatabase(name), [Account]);
    const account = manager.create(Account, {
      id: '9007199254740993',
      balance: new Money(1050),
      cached: new Money(1),
      large: '9223372036854775807',
      since: new Date('2015-04-03T10:20:30Z'),
      active: true,
    });
    await manager.save(account);
    // SQLite's driver reads integers as doubles, of the past as of the present.
    const [live] = await manager.find(Account);
    const then = new Date();
    await pause();
    await manager.createQueryBuilder().delete().from(Account).execute();
    expect(await history.at(then).find(Account)).toEqual([{ ...live, cached: null }]);
  });

  it('stay masked, in raw results too', async () => {
    const { manager, history } = await open(await createDatabase(name), [Guest]);
    const host = await manager.save(
      manager.create(Guest, { id: 1, name: 'Ann', age: 40, iban: 'DE1', host: null }),
    );
    await manager.save(manager.create(Guest, { id: 2, name: 'Bob', age: null, iban: 'DE1', host }));
    const past = history.at(new Date());
    const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(await past.find(Guest, { relations: { host: true }, order: { id: 'ASC' } })).toEqual([
      { id: 1, name: '***', age: '***', iban: digest, host: null },
      { id: 2, name: '***', age: null, iban: digest, host: null },
    ]);
    expect(await past.createQueryBuilder(Guest, 'g').select('g.name', 'name').getRawMany()).toEqual([
      { name: '***' },
      { name: '***' },
    ]);
  });
});

const servers = databasesOfThisRun().filter((name) => name !== 'sqlite');
(servers.length > 0 ? it.each(servers) : it.skip.each(['no server'] as never[]))(
  'types that only %s has are read as those of the present',
  async (name) => {
    const target = name === 'postgres' ? Postgres : Mysql;
    const { manager, history } = await open(await createDatabase(name), [target]);
    const values = {
      one: 'a',
      some: ['a', 'b'],
      level: Level.High,
      json: { deep: [1, null] },
      at: new Date('2015-04-03T10:20:30.123Z'),
      bytes: Buffer.from('bytes'),
    };
    const own =
      name === 'postgres' ? { id: '0199e0a0-0000-7000-8000-000000000001', numbers: [1, 2] } : { id: 1 };
    await manager.insert(target, { ...values, ...own } as object);
    const live = await manager.find<object>(target);
    const past = history.at(new Date());
    await pause();
    await manager.createQueryBuilder().update(target).set({ one: 'b', level: Level.Low }).execute();
    await manager.createQueryBuilder().delete().from(target).execute();
    const expected = name === 'postgres' ? [{ ...live[0], hidden: null }] : live;
    expect(await past.find<object>(target)).toEqual(expected);
    expect(await past.find<object>(target, { where: { one: 'a', level: Level.High } })).toEqual(expected);
    if (name === 'postgres')
      expect(
        await past.find(Postgres, { where: { some: ArrayContains(['b']), numbers: ArrayContains([2]) } }),
      ).toEqual(expected);
  },
);
