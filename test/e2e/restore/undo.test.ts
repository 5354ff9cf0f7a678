import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  Column,
  type DataSource,
  DeleteDateColumn,
  Entity,
  type EntityManager,
  JoinTable,
  ManyToMany,
  ManyToOne,
  type ObjectLiteral,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { InvalidArgumentError, UndoConflictError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { Folder } from '../../support/entities/folder.js';
import { Tag } from '../../support/entities/tag.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited()
@Entity()
class Hotel {
  @PrimaryGeneratedColumn() id: number;
  @Column({ unique: true }) name: string;
  @DeleteDateColumn() deletedAt: Date | null;
}

@Audited()
@Entity()
class Room {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column() number: number;
  @ManyToOne(() => Hotel, { onDelete: 'CASCADE' }) hotel: Hotel;
  @ManyToMany(() => Tag) @JoinTable({ name: 'room_tags' }) tags: Tag[];
}

@Audited()
@Entity()
class Night {
  @ManyToOne(() => Room, { onDelete: 'CASCADE' }) room: Room;
  @PrimaryColumn() roomId: string;
  @PrimaryColumn({ type: 'int' }) day: number;
  @Column({ type: 'decimal', precision: 10, scale: 2 }) price: string;
}

@Entity()
class Review {
  @PrimaryGeneratedColumn() id: number;
  @ManyToOne(() => Hotel, { onDelete: 'CASCADE' }) hotel: Hotel;
}

describeDatabases('an undo', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let hotel: Hotel;
  let room: Room;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Tag, Hotel, Room, Night, Folder, Review] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    await dataSource.getRepository(Tag).save([{ name: 'sea' }, { name: 'quiet' }]);
  });
  let number = 0;
  beforeEach(async () => {
    hotel = await dataSource.getRepository(Hotel).save({ name: `Ritz ${++number}` });
    const rooms = dataSource.getRepository(Room);
    room = await rooms.save(rooms.create({ number: 7, hotel, tags: [{ name: 'sea' }] }));
    await dataSource.getRepository(Night).save([
      { roomId: room.id, day: 1, price: '10.50' },
      { roomId: room.id, day: 2, price: '11.00' },
    ]);
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => audited.close());

  /** The transaction of some writes. */
  async function transaction(write: (manager: EntityManager) => Promise<unknown>): Promise<string> {
    await dataSource.transaction(write);
    return (await history.feed({ limit: 1 })).items[0].transaction;
  }

  const tables = ['hotel', 'room', 'night', 'folder', 'room_tags', 'tag'];
  /** All rows of all tables. */
  async function state(): Promise<unknown> {
    const rows = async (table: string): Promise<string[]> =>
      (await dataSource.query<ObjectLiteral[]>(`SELECT * FROM ${table}`))
        .map((row) => JSON.stringify(row))
        .sort();
    return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await rows(table)])));
  }
  async function count(): Promise<number> {
    const numbers = await Promise.all(
      auditPlansOf(dataSource).all.map(({ revision }) => dataSource.getRepository(revision.target).count()),
    );
    return numbers.reduce((sum, number) => sum + number, 0);
  }
  const told = (revisions: Revision[]): string[] =>
    revisions.map(({ entity, operation }) => `${entity} ${operation}`).sort();

  it('puts updates, inserts and deletes over all tables back', async () => {
    const before = await state();
    const id = await transaction(async (manager) => {
      const other = await manager.save(Hotel, { name: `Savoy ${number}` });
      await manager.update(Room, { id: room.id }, { number: 8, hotel: other });
      await manager.delete(Night, { roomId: room.id, day: 1 });
      await manager.update(Night, { roomId: room.id, day: 2 }, { price: '99.00' });
      await manager.save(Night, { roomId: room.id, day: 3, price: '5.00' });
      await manager.createQueryBuilder().relation(Room, 'tags').of(room).add('quiet');
      await manager.createQueryBuilder().relation(Room, 'tags').of(room).remove('sea');
    });
    const made = await audited.context.run({ actor: 'ann' }, () => history.undo(id));
    expect(await state()).toEqual(before);
    expect(told(made)).toEqual([
      'hotel delete',
      'night delete',
      'night insert',
      'night update',
      'room update',
      'room_tags delete',
      'room_tags insert',
    ]);
    for (const revision of made) expect(revision).toMatchObject({ actor: 'ann', reason: `undo of ${id}` });
    expect(new Set(made.map((revision) => revision.transaction)).size).toBe(1);
    expect((await history.transaction(made[0].transaction)).items).toMatchObject(made);
  });

  it('brings three levels back that the database deleted in a cascade, under their keys', async () => {
    const before = await state();
    const id = await transaction((manager) => manager.delete(Hotel, { id: hotel.id }));
    expect(await state()).not.toEqual(before);
    const made = await history.undo(id);
    expect(await state()).toEqual(before);
    expect(told(made)).toEqual([
      'hotel insert',
      'night insert',
      'night insert',
      'room insert',
      'room_tags insert',
    ]);
    // And away again.
    expect(told(await history.undo(made[0].transaction))).toEqual([
      'hotel delete',
      'night delete',
      'night delete',
      'room delete',
      'room_tags delete',
    ]);
    expect(await dataSource.getRepository(Hotel).findOneBy({ id: hotel.id })).toBeNull();
  });

  it('removes three levels that one save inserted', async () => {
    const before = await state();
    const id = await transaction(async (manager) => {
      const saved = await manager.save(Hotel, { name: `Savoy ${number}` });
      const first = await manager.save(Room, { number: 1, hotel: saved });
      await manager.save(Night, [
        { roomId: first.id, day: 1, price: '1.00' },
        { roomId: first.id, day: 2, price: '2.00' },
      ]);
      await manager.update(Night, { roomId: first.id, day: 1 }, { price: '3.00' });
    });
    expect(told(await history.undo(id))).toEqual([
      'hotel delete',
      'night delete',
      'night delete',
      'room delete',
    ]);
    expect(await state()).toEqual(before);
  });

  it('finds the order within a table that refers to itself', async () => {
    const folders = dataSource.getRepository(Folder);
    const parent = await folders.save({ name: 'parent' });
    const child = await folders.save({ name: 'child', parent });
    const grandchild = await folders.save({ name: 'grandchild', parent: child });
    const before = await state();
    const id = await transaction(async (manager) => {
      for (const folder of [grandchild, child, parent]) await manager.delete(Folder, { id: folder.id });
    });
    const [made] = await history.undo(id);
    expect(await state()).toEqual(before);
    await history.undo(made.transaction);
    expect(await folders.findBy({ name: 'child' })).toEqual([]);
  });

  it('puts soft deletes and recoveries back', async () => {
    const id = await transaction((manager) => manager.softDelete(Hotel, { id: hotel.id }));
    const made = await history.undo(id);
    expect(told(made)).toEqual(['hotel restore']);
    expect(told(await history.undo(made[0].transaction))).toEqual(['hotel soft-delete']);
  });

  it('gives a unique value back that another row had taken', async () => {
    const before = await state();
    const id = await transaction(async (manager) => {
      await manager.update(Hotel, { id: hotel.id }, { name: 'elsewhere' });
      await manager.save(Hotel, { name: hotel.name });
    });
    await history.undo(id);
    expect(await state()).toEqual(before);
  });

  it('says in a dry run what it would do, and writes nothing', async () => {
    const id = await transaction(async (manager) => {
      await manager.delete(Hotel, { id: hotel.id });
      await manager.save(Hotel, { name: `Savoy ${number}` });
    });
    const [before, revisions] = [await state(), await count()];
    const planned = await history.undo(id, { dryRun: true });
    expect(await state()).toEqual(before);
    expect(await count()).toBe(revisions);
    const made = await history.undo(id);
    const comparable = (list: Revision[]) =>
      list.map(({ entity, entityId, version, changes }) => ({ entity, entityId, version, changes }));
    expect(comparable(planned)).toEqual(comparable(made));
  });

  it('leaves out the entities that it is told to', async () => {
    const id = await transaction(async (manager) => {
      await manager.update(Room, { id: room.id }, { number: 8 });
      await manager.update(Hotel, { id: hotel.id }, { name: `Savoy ${number}` });
    });
    await transaction((manager) => manager.update(Hotel, { id: hotel.id }, { name: `Grand ${number}` }));
    await expect(history.undo(id)).rejects.toThrow(UndoConflictError);
    for (const dryRun of [true, false]) {
      const made = await history.undo(id, { except: [Hotel], dryRun });
      expect(made.map(({ entity, entityId }) => [entity, entityId])).toEqual([['room', room.id]]);
    }
    expect(await dataSource.getRepository(Hotel).findOneBy({ id: hotel.id })).toMatchObject({
      name: `Grand ${number}`,
    });
    expect(await dataSource.getRepository(Room).findOneBy({ id: room.id })).toMatchObject({
      number: room.number,
    });
    await expect(history.undo(id, { except: [Hotel, Room] })).rejects.toThrow(InvalidArgumentError);
    await expect(history.undo(id, { except: [Review] })).rejects.toThrow('Review');
  });

  it('is refused where rows have changed since, with all of them', async () => {
    const id = await transaction(async (manager) => {
      await manager.update(Room, { id: room.id }, { number: 8 });
      await manager.update(Hotel, { id: hotel.id }, { name: `Savoy ${number}` });
      await manager.delete(Night, { roomId: room.id, day: 1 });
    });
    const later = await transaction(async (manager) => {
      await manager.update(Room, { id: room.id }, { number: 9 });
      await manager.save(Night, { roomId: room.id, day: 1, price: '1.00' });
    });
    const [before, revisions] = [await state(), await count()];
    for (const dryRun of [true, false]) {
      const refused = await history.undo(id, { dryRun }).catch((thrown: unknown) => thrown);
      expect(refused).toBeInstanceOf(UndoConflictError);
      expect(new Set((refused as UndoConflictError).conflicts)).toEqual(
        new Set([
          {
            entity: 'room',
            id: room.id,
            version: 2,
            changedSince: [
              expect.objectContaining({
                version: 3,
                transaction: later,
                changes: [{ property: 'number', from: 8, to: 9 }],
              }),
            ],
            problem: `Room ${room.id} has changed since, in version 3`,
          },
          {
            entity: 'night',
            id: { roomId: room.id, day: 1 },
            version: 2,
            changedSince: [expect.objectContaining({ version: 3, transaction: later, operation: 'insert' })],
            problem: `Night ${room.id},1 has changed since, in version 3`,
          },
        ]),
      );
    }
    expect([await state(), await count()]).toEqual([before, revisions]);
    await history.undo(later);
    await expect(history.undo(id)).rejects.toThrow('has changed since');
  });

  it('is refused where it would take along what came later, audited or not', async () => {
    let savoy!: Hotel;
    const id = await transaction(async (manager) => {
      savoy = await manager.save(Hotel, { name: `Savoy ${number}` });
    });
    const review = await dataSource.getRepository(Review).save({ hotel: savoy });
    const problem = `Review ${review.id} refers to Hotel ${savoy.id}, which would be removed`;
    await expect(history.undo(id)).rejects.toMatchObject({
      conflicts: [{ entity: 'hotel', id: savoy.id, version: 1, problem }],
    });
    await dataSource.getRepository(Review).delete({ id: review.id });
    await history.undo(id);
  });

  it('is refused where it would refer to what is gone', async () => {
    const id = await transaction((manager) => manager.delete(Night, { roomId: room.id, day: 1 }));
    await dataSource.getRepository(Room).delete({ id: room.id });
    await expect(history.undo(id)).rejects.toThrow(
      `roomId of Night refers to Room ${room.id}, which no longer exists`,
    );
  });

  it('never undoes baselines, and is refused where the state before is not known', async () => {
    const id = '019aaaaa-0000-7000-8000-000000000001';
    const saved = await dataSource.getRepository(Hotel).save({ name: `Savoy ${number}` });
    await dataSource.query(
      `INSERT INTO hotel_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_transaction, id, name) ` +
        `SELECT '${id}', rev_created, rev_isdelete, rev_version, 'baseline', '${id}', 999999, name ` +
        `FROM hotel_rev WHERE id = ${saved.id}`,
    );
    await expect(history.undo(id)).rejects.toThrow('has no revisions to undo');
    await dataSource.query(`DELETE FROM hotel_rev WHERE rev_id = '${id}'`);
    const update = await transaction((manager) =>
      manager.update(Hotel, { id: saved.id }, { name: 'x' + number }),
    );
    await dataSource.query(`DELETE FROM hotel_rev WHERE id = ${saved.id} AND rev_version = 1`);
    await expect(history.undo(update)).rejects.toThrow(
      `the history of Hotel ${saved.id} does not have its state before`,
    );
  });

  it('is refused for what is no transaction', async () => {
    await expect(history.undo('x')).rejects.toThrow(InvalidArgumentError);
    await expect(history.undo('00000000-0000-7000-8000-000000000000')).rejects.toThrow(InvalidArgumentError);
  });

  it('is part of a transaction that is given', async () => {
    const id = await transaction((manager) => manager.delete(Hotel, { id: hotel.id }));
    const before = await state();
    await dataSource
      .transaction(async (manager) => {
        expect(await history.undo(id, { manager })).toHaveLength(5);
        expect(await manager.findOneBy(Hotel, { id: hotel.id })).not.toBeNull();
        throw new Error('changed my mind');
      })
      .catch(() => undefined);
    expect(await state()).toEqual(before);
  });
});
