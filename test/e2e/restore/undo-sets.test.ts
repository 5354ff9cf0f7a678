import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  Column,
  type DataSource,
  Entity,
  type EntityManager,
  type EntityTarget,
  ManyToOne,
  type ObjectLiteral,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { UndoConflictError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type UndoOptions } from '../../../src/history/types/restore.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';
import { Folder } from '../../support/entities/folder.js';
import { keyCases, keyedBy } from '../../support/entities/keyed-by.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

@Audited()
@Entity()
class Pallet {
  @PrimaryGeneratedColumn() id: number;
  @Column() place: string;
}

@Audited()
@Entity()
class Crate {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) code: string;
  @Column() weight: number;
  @ManyToOne(() => Pallet) pallet: Pallet;
}

const MANY = 700;

describeDatabases('an undo of many rows', (name) => {
  const queries = new QueryRecorder();
  const cases = keyCases(name);
  const keyed = cases.map(([options], at) => keyedBy(options, at));
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;

  beforeAll(async () => {
    const entities = [Pallet, Crate, Folder, ...keyed];
    audited = await openAudited(name, { entities, logging: true, logger: queries });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
  });
  /** Crates on pallets. */
  async function fill(count = MANY): Promise<void> {
    await dataSource.transaction(async (manager) => {
      const pallets = await manager.save(
        Array.from({ length: 7 }, (_, n) => manager.create(Pallet, { place: `A${n}` })),
      );
      await manager.insert(
        Crate,
        Array.from({ length: count }, (_, n) => ({ code: `c${n}`, weight: n, pallet: pallets[n % 7] })),
      );
    });
  }
  afterEach(async () => {
    await expectInvariants(dataSource);
    await dataSource.createQueryBuilder().update(Folder).set({ parent: null }).execute();
    for (const target of [Crate, Pallet, Folder])
      await dataSource.createQueryBuilder().delete().from(target).execute();
  });
  afterAll(() => audited.close());

  const rows = (target: EntityTarget<ObjectLiteral>): Promise<string[]> =>
    dataSource
      .query(`SELECT * FROM ${dataSource.getMetadata(target).tableName}`)
      .then((found: ObjectLiteral[]) => found.map((row) => JSON.stringify(row)).sort());

  /** The transaction of some writes. */
  async function transaction(write: (manager: EntityManager) => Promise<unknown>): Promise<string> {
    await dataSource.transaction(write);
    return (await history.feed({ limit: 1 })).items[0].transaction;
  }

  it('takes a few statements for hundreds of rows, and puts all of them back', async () => {
    // More than one statement takes.
    const count = 2_100;
    await fill(count);
    const before = [await rows(Pallet), await rows(Crate)];
    const id = await transaction(async (manager) => {
      await manager
        .createQueryBuilder()
        .update(Crate)
        .set({ weight: () => 'weight + 1' })
        .execute();
      await manager.createQueryBuilder().delete().from(Crate).where('weight > 300').execute();
      await manager.insert(Pallet, { place: 'B1' });
      await manager.insert(
        Crate,
        Array.from({ length: count }, (_, n) => ({ code: `d${n}`, weight: n })),
      );
    });
    queries.clear();
    expect(await history.undo(id, { dryRun: true })).toHaveLength(2 * count + 1);
    const made = await history.undo(id);
    expect(queries.statements.length).toBeLessThan(400);
    // The process's first undo. On MySQL a look at the catalogue takes the transaction's snapshot.
    const begun = queries.statements.findIndex((sql) => /^(BEGIN|START)/.test(sql));
    expect(queries.statements.slice(begun).filter((sql) => /information_schema/i.test(sql))).toEqual([]);
    expect(made).toHaveLength(2 * count + 1);
    expect([await rows(Pallet), await rows(Crate)]).toEqual(before);
  });

  it('comes in pages, of a dry run and of an undo', async () => {
    await fill();
    const id = await transaction(async (manager) => {
      await manager.createQueryBuilder().update(Crate).set({ weight: 1 }).where('weight < 120').execute();
      await manager.createQueryBuilder().update(Pallet).set({ place: 'C' }).execute();
    });
    const told = (revisions: Revision[]) =>
      revisions.map(({ entity, entityId, version, changes }) => ({ entity, entityId, version, changes }));
    const all = told(await history.undo(id, { dryRun: true }));
    const paged: Revision[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await history.undo(id, { dryRun: true, limit: 50, cursor });
      expect(page.count).toBe(all.length);
      paged.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(told(paged)).toEqual(all);
    await dataSource.transaction(async (manager) => {
      await manager.insert(Pallet, { place: 'B1' });
      const first = await history.undo(id, { limit: 100, manager });
      expect(first).toMatchObject({ count: all.length, items: { length: 100 } });
      expect(told(first.items)).toEqual(all.slice(0, 100));
    });
    const { items } = await history.feed({ limit: 1 });
    const again = await history.undo(items[0].transaction, { limit: 200 });
    expect(again).toMatchObject({ count: all.length + 1, nextCursor: null });
    const { transaction: made } = again.items[0];
    const third = await history.undo(made, { limit: 30 });
    const rest = await history.transaction(third.items[0].transaction, {
      limit: 200,
      cursor: third.nextCursor,
    });
    expect(third.items.length + rest.items.length).toBe(third.count);
    expect(rest.nextCursor).toBeNull();
  });

  it('refuses pages that can’t be', async () => {
    const id = await transaction((manager) => manager.insert(Pallet, { place: 'B1' }));
    for (const limit of [0, 201, '5' as unknown as number])
      await expect(history.undo(id, { limit })).rejects.toMatchObject({ argument: 'limit' });
    await expect(history.undo(id, { limit: 5, cursor: 'x' })).rejects.toMatchObject({ argument: 'cursor' });
    for (const cursor of ['x', (await history.feed({ limit: 1 })).nextCursor])
      await expect(history.undo(id, { dryRun: true, limit: 5, cursor })).rejects.toMatchObject({
        argument: 'cursor',
      });
    await expect(history.undo(id, { cursor: 'x' } as UndoOptions)).rejects.toMatchObject({
      argument: 'limit',
    });
    expect(await dataSource.getRepository(Pallet).count()).toBe(1);
  });

  it('follows a long chain in which each row refers to the next, deleted and added', async () => {
    const folders = dataSource.getRepository(Folder);
    const add = async (manager: EntityManager): Promise<void> => {
      let parent: Folder | null = null;
      for (let depth = 0; depth < 60; depth++) {
        const folder: Partial<Folder> = { name: `f${depth}`, parent };
        parent = await manager.save(Folder, folder as Folder);
      }
    };
    const added = await transaction(add);
    const before = await rows(Folder);
    const deleted = await transaction(async (manager) => {
      await manager.createQueryBuilder().update(Folder).set({ parent: null }).execute();
      await manager.createQueryBuilder().delete().from(Folder).execute();
    });
    await history.undo(deleted);
    expect(await rows(Folder)).toEqual(before);
    // The undo has changed the rows, so only an undo of the undo leads back.
    await expect(history.undo(added)).rejects.toThrow(UndoConflictError);
    await folders.createQueryBuilder().update().set({ parent: null }).execute();
    await folders.createQueryBuilder().delete().execute();
    await history.undo(await transaction(add));
    expect(await rows(Folder)).toEqual([]);
  });

  it('brings rows back that refer to each other, and takes them away', async () => {
    const add = async (manager: EntityManager): Promise<void> => {
      for (let n = 0; n < 3; n++) {
        const [one, other] = await manager.save(Folder, [
          manager.create(Folder, { name: `one ${n}` }),
          manager.create(Folder, { name: `other ${n}` }),
        ]);
        await manager.update(Folder, one.id, { parent: other });
        await manager.update(Folder, other.id, { parent: one });
      }
    };
    const added = await transaction(add);
    const before = await rows(Folder);
    const [undone] = await history.undo(added);
    expect(await rows(Folder)).toEqual([]);
    const back = await history.undo(undone.transaction);
    expect(await rows(Folder)).toEqual(before);
    // Each has one revision, with its parent.
    expect(back.map(({ operation, snapshot }) => [operation, snapshot!.parentId])).toEqual(
      Array.from({ length: 6 }, () => ['insert', expect.any(Number)]),
    );
    await dataSource.getRepository(Folder).update(back[0].entityId as number, { name: 'later' });
    await expect(history.undo(back[0].transaction)).rejects.toThrow('has changed since');
    expect(await dataSource.getRepository(Folder).count()).toBe(6);
  });

  it('names the row that is gone in a circle of references, and writes nothing', async () => {
    const folders = dataSource.getRepository(Folder);
    const [root, one, other] = await folders.save(['root', 'one', 'other'].map((each) => ({ name: each })));
    await folders.update(one.id, { parent: other });
    await folders.update(other.id, { parent: root });
    const deleted = await transaction(async (manager) => {
      await manager.update(Folder, one.id, { parent: null });
      await manager.delete(Folder, other.id);
    });
    await folders.delete(root.id);
    await expect(history.undo(deleted)).rejects.toThrow(
      `parentId of Folder refers to Folder ${root.id}, which no longer exists`,
    );
    expect(await folders.find()).toEqual([expect.objectContaining({ id: one.id })]);
  });

  it('names the one row that the database refuses among many, and writes none', async () => {
    await fill();
    const id = await transaction((manager) =>
      manager.createQueryBuilder().update(Crate).set({ weight: 1 }).execute(),
    );
    const { id: refused } = await dataSource.getRepository(Crate).findOneByOrFail({ code: 'c650' });
    const before = await rows(Crate);
    const remove = await refuseWeight(dataSource, 650);
    try {
      for (const dryRun of [true, false]) {
        const error = await history.undo(id, { dryRun }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(UndoConflictError);
        expect((error as UndoConflictError).conflicts).toMatchObject([{ entity: 'crate', id: refused }]);
        expect(await rows(Crate)).toEqual(before);
      }
    } finally {
      await remove();
    }
    expect(await history.undo(id)).toHaveLength(MANY - 1);
  });

  it('sees in a caller’s transaction what has changed since its snapshot', async () => {
    // SQLite has one connection here.
    if (name === 'sqlite') return;
    await fill();
    const [{ id: crate }] = await dataSource.getRepository(Crate).find({ take: 1 });
    const id = await transaction((manager) => manager.update(Crate, crate, { weight: -1 }));
    const undone = dataSource.transaction(async (manager) => {
      await manager.find(Crate);
      await dataSource.getRepository(Crate).update(crate, { weight: -2 });
      await history.undo(id, { manager });
    });
    await expect(undone).rejects.toThrow(`Crate ${crate} has changed since`);
    expect(await dataSource.getRepository(Crate).findOneBy({ id: crate })).toMatchObject({ weight: -2 });
  });

  it('of a delete never takes a row over that somebody inserts at the same moment', async () => {
    const [target] = keyed;
    for (let number = 100; number < 108; number++) {
      const id = { key: '7', number };
      await dataSource.getRepository(target).insert({ ...id, value: 1 });
      const deleted = await transaction((manager) => manager.delete(target, id));
      const [undone, inserted] = await Promise.allSettled([
        history.undo(deleted),
        dataSource.getRepository(target).insert({ ...id, value: 2 }),
      ]);
      expect([undone.status, inserted.status].sort()).toEqual(['fulfilled', 'rejected']);
      const { value } = await dataSource.getRepository(target).findOneByOrFail(id);
      expect(value).toBe(undone.status === 'fulfilled' ? 1 : 2);
      await dataSource.getRepository(target).delete(id);
    }
  });

  it.each(cases.map(([options], at) => [options.type as string, at] as const))(
    'finds rows whose key is a %s',
    async (_, at) => {
      const [, ...values] = cases[at];
      await dataSource.getRepository(keyed[at]).insert(values.map((key, n) => ({ key, number: n })));
      const before = await rows(keyed[at]);
      const id = await transaction(async (manager) => {
        await manager.createQueryBuilder().update(keyed[at]).set({ value: 7 }).execute();
        await manager.delete(keyed[at], { number: 1 });
        await manager.delete(keyed[at], { number: 2 });
        await manager.insert(keyed[at], [
          { key: values[0], number: 8 },
          { key: values[1], number: 9 },
        ]);
      });
      expect(await history.undo(id)).toHaveLength(5);
      expect(await rows(keyed[at])).toEqual(before);
    },
  );
});

/** Lets the database refuse a crate of a weight. @returns ends it */
async function refuseWeight(dataSource: DataSource, weight: number): Promise<() => Promise<unknown>> {
  if (dataSource.options.type !== 'better-sqlite3') {
    await dataSource.query(`ALTER TABLE crate ADD CONSTRAINT light CHECK (weight <> ${weight})`);
    return () => dataSource.query('ALTER TABLE crate DROP CONSTRAINT light');
  }
  await dataSource.query(
    `CREATE TRIGGER light BEFORE UPDATE ON crate WHEN NEW.weight = ${weight} ` +
      `BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: light'); END`,
  );
  return () => dataSource.query('DROP TRIGGER light');
}
