import { expect, it } from '@jest/globals';
import {
  Column,
  DeleteDateColumn,
  Entity,
  type EntityManager,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { describeTwins, isMysql, isSqlite, settled, type Twins } from '../../support/worlds/twins.js';
import { type World } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Numbered {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) code: string;
  @Column({ default: 5 }) party: number;
  @UpdateDateColumn() changed: Date;
  @DeleteDateColumn() gone: Date | null;
}

@Audited()
@Entity()
class Given {
  @PrimaryColumn('int') id: number;
  @Column({ unique: true }) code: string;
}

@Audited()
@Entity()
class Unique {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column({ unique: true }) code: string;
}

// Nothing here says that the database gives the key.
@Audited()
@Entity()
class Unknown {
  @PrimaryColumn('integer') id: number;
  @Column({ unique: true }) code: string;
}

async function numberKeys({ dataSource, name }: World): Promise<void> {
  if (isMysql(name)) await dataSource.query('ALTER TABLE `unknown` MODIFY `id` int NOT NULL AUTO_INCREMENT');
  else if (!isSqlite(name))
    await dataSource.query(
      `CREATE SEQUENCE unknown_numbers; ALTER TABLE "unknown" ALTER "id" SET DEFAULT nextval('unknown_numbers')`,
    );
}

async function restartKeys({ dataSource, name }: World): Promise<void> {
  if (isMysql(name)) await dataSource.query('ALTER TABLE `unknown` AUTO_INCREMENT = 1');
  if (name === 'postgres') await dataSource.query(`SELECT setval('unknown_numbers', 1, false)`);
}

type Row = { id?: number | string; code: string };
const rows = (...codes: string[]): Row[] => codes.map((code) => ({ code }));
const keyed = (...codes: string[]): Row[] => codes.map((code, n) => ({ id: n + 11, code }));

const inserted = (manager: EntityManager, target: new () => object, values: Row[]) =>
  manager.createQueryBuilder().insert().into(target).values(values);

const keyOf = (target: string, id: number | string): number | string =>
  target === 'Unique' ? `00000000-0000-4000-8000-0000000000${id}` : id;

/** Each way to insert one or more rows. */
const inserts: Record<
  string,
  (manager: EntityManager, target: new () => object, values: Row[]) => Promise<unknown>
> = {
  'insert()': (manager, target, values) => manager.insert(target, values.length > 1 ? values : values[0]),
  'save()': (manager, target, values) => manager.save(target, values),
  'updateEntity(false)': (manager, target, values) =>
    inserted(manager, target, values).updateEntity(false).execute(),
  'orIgnore()': async (manager, target, values) => {
    await manager.insert(target, values[0]);
    return inserted(manager, target, values).orIgnore().execute();
  },
  'orIgnore(), updateEntity(false)': async (manager, target, values) => {
    await manager.insert(target, values[0]);
    return inserted(manager, target, values).orIgnore().updateEntity(false).execute();
  },
  'upsert()': async (manager, target, values) => {
    await manager.insert(target, values[0]);
    return manager.upsert<object>(target, values, ['code']);
  },
};

const targets = { Numbered, Given, Unique, Unknown };
const given: Record<string, readonly Row[]> = {
  'one row': rows('a'),
  'three rows': rows('a', 'b', 'c'),
  'one row with its key': keyed('a'),
  'three rows with their keys': keyed('a', 'b', 'c'),
};

/** What changes rows, on three of them. */
const changes: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  'update(id)': (manager) => manager.update(Numbered, 1, { party: 9 }),
  'update() of nothing': (manager) => manager.update(Numbered, 99, { party: 9 }),
  'update() to the same': (manager) => manager.update(Numbered, { code: 'a' }, { party: 5 }),
  'update(ids)': (manager) => manager.update(Numbered, [1, 2], { party: 9 }),
  'update() of an unrelated criterion': (manager) => manager.update(Numbered, { party: 5 }, { party: 6 }),
  'increment()': (manager) => manager.increment(Numbered, { id: 2 }, 'party', 3),
  'save()': (manager) => manager.save(Numbered, { id: 1, party: 7 }),
  'delete(id)': (manager) => manager.delete(Numbered, 1),
  'delete() of nothing': (manager) => manager.delete(Numbered, 99),
  'delete(criteria)': (manager) => manager.delete(Numbered, { party: 5 }),
  'softDelete(id)': (manager) => manager.softDelete(Numbered, 1),
  'softDelete() again': async (manager) => [
    await manager.softDelete(Numbered, 1),
    await manager.softDelete(Numbered, 1),
  ],
  'restore()': async (manager) => [
    await manager.softDelete(Numbered, [1, 2]),
    await manager.restore(Numbered, 1),
  ],
  'remove()': async (manager) => manager.remove(await manager.find(Numbered, { order: { id: 'ASC' } })),
  'clear()': (manager) => manager.clear(Given),
};

describeTwins(
  'the result of a write',
  { entities: [Numbered, Given, Unique, Unknown], prepare: numberKeys },
  (twins) => {
    const cases = Object.keys(inserts).flatMap((way) =>
      Object.keys(targets).flatMap((target) => Object.keys(given).map((values) => [way, values, target])),
    );

    it.each(cases)('of %s: %s of %s', async (way, values, target) => {
      await expectSame(twins(), async (world) => {
        await restartKeys(world);
        const own = given[values].map(({ id, code }) => ({ code, ...(id && { id: keyOf(target, id) }) }));
        const entity = targets[target as keyof typeof targets];
        const result = await settled(inserts[way](world.manager, entity, own));
        // What the values have become is a result, too.
        return comparable([result, own], target === 'Unique');
      });
    });

    it.each(Object.entries(changes))('of %s', async (_, change) => {
      await expectSame(twins(), async (world) => {
        await world.manager.insert(Numbered, [{ code: 'a' }, { code: 'b' }, { code: 'c' }]);
        return comparable(await settled(change(world.manager)), false);
      });
    });
  },
);

// What the tables hold, with random keys and moments in it, is compared elsewhere.
async function expectSame(
  { audited, plain }: Twins,
  scenario: (world: World) => Promise<unknown>,
): Promise<void> {
  const results: unknown[] = [];
  for (const world of [plain, audited]) {
    await world.reset();
    results.push(await scenario(world));
  }
  expect(results[1]).toEqual(results[0]);
  await expectInvariants(audited.dataSource);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// Moments and random keys differ between two runs; where the connection stands in the protocol, too.
function comparable(value: unknown, hasRandomKeys: boolean): unknown {
  if (value instanceof Date) return 'a moment';
  if (typeof value === 'string') {
    if (hasRandomKeys && UUID.test(value)) return 'a key';
    return /^\d{4}-\d\d-\d\d \d\d:/.test(value) ? 'a moment' : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => comparable(one, hasRandomKeys));
  const { serverStatus: _status, ...told } = value as Record<string, unknown>;
  const entries = Object.entries(told).map(([key, one]) => [key, comparable(one, hasRandomKeys)]);
  return { class: value.constructor?.name, ...(Object.fromEntries(entries) as object) };
}
