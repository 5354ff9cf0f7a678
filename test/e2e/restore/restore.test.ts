import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  type DataSource,
  DeleteDateColumn,
  Entity,
  type EntityTarget,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  type ObjectLiteral,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import {
  AuditConfigurationError,
  InvalidArgumentError,
  RestoreConflictError,
} from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { Masked } from '../../../src/audited/decorators/masked.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { RevisionId } from '../../../src/audited/decorators/revision-id.decorator.js';
import { setRecorder } from '../../../src/audited/recorder.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { Folder } from '../../support/entities/folder.js';
import { Guest } from '../../support/entities/guest.js';
import { Tag } from '../../support/entities/tag.js';
import { type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

class Seat {
  @Column({ nullable: true, type: 'varchar' }) room: string | null;
  @Column({ nullable: true, type: 'int' }) table: number | null;
}

@Audited()
@Entity()
class FullReservation {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
  @Column({ nullable: true, select: false, type: 'varchar' }) pin: string | null;
  @Column({ update: false, default: 'web' }) source: string;
  @Column(() => Seat) seat: Seat;
  @ManyToOne(() => Guest, { nullable: true }) @JoinColumn({ name: 'guest_fk' }) guest: Guest | null;
  @NotAudited() @Column({ default: 0 }) views: number;
  @ManyToMany(() => Tag) @JoinTable({ name: 'reservation_tags' }) tags: Tag[];
  @UpdateDateColumn() updatedAt: Date;
  @DeleteDateColumn() deletedAt: Date | null;
  @VersionColumn() lock: number;
}

@Audited()
@Entity()
class Document {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column() title: string;
  @NotAudited() @Column() secret: string;
}

@Audited()
@Entity()
class OrderLine {
  @PrimaryColumn({ type: 'varchar', length: 20 }) order: string;
  @PrimaryColumn() line: number;
  @Column() amount: number;
}

@Audited()
@Entity()
@Tree('materialized-path')
class Category {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
  @TreeParent() parent: Category | null;
  @TreeChildren() children: Category[];
}

@Audited()
@Entity()
class Card {
  @PrimaryGeneratedColumn() id: number;
  @Column() owner: string;
  @Masked((value) => `substr(${value}, 1, 2)`) @Column({ type: 'varchar', nullable: true }) number:
    string | null;
}

describeDatabases('a restore', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;

  beforeAll(async () => {
    audited = await openAudited(name, {
      entities: [Guest, Tag, FullReservation, Document, OrderLine, Folder, Category, Card],
    });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => audited.close());

  const repository = <E extends ObjectLiteral>(entity: EntityTarget<E>) => dataSource.getRepository(entity);
  const reserve = async (values: Partial<FullReservation> = {}): Promise<FullReservation> => {
    const reservations = repository(FullReservation);
    const saved = await reservations.save(
      reservations.create({
        party: 6,
        pin: '1234',
        source: 'phone',
        seat: { room: 'blue', table: 7 },
        ...values,
      }),
    );
    return reservations.findOneByOrFail({ id: saved.id });
  };
  const raw = async (id: number): Promise<ObjectLiteral> =>
    (await dataSource.query<ObjectLiteral[]>(`SELECT * FROM full_reservation WHERE id = ${id}`))[0];

  it('brings a changed entity back to a version, as a revision like any other', async () => {
    const { id } = await reserve();
    const before = await raw(id);
    await repository(FullReservation).update(
      { id },
      { party: 4, pin: '9', views: 3, seat: { room: null, table: 1 } },
    );
    await repository(FullReservation).update({ id }, { party: 2 });
    const revision = await audited.context.run({ actor: 'ann' }, () =>
      history.restore(FullReservation, id, 1),
    );
    expect(revision).toMatchObject({
      entity: 'full_reservation',
      entityId: id,
      version: 4,
      operation: 'update',
      actor: 'ann',
      reason: 'restore of version 1',
      snapshot: { party: 6, seat: { room: 'blue', table: 7 } },
    });
    expect(revision).toEqual(await history.latest(FullReservation, id));
    // What is not audited is as it was; a version column goes on counting.
    expect(await raw(id)).toEqual({ ...before, views: 3, lock: 4 });
  });

  it('is for the reason that the context has', async () => {
    const { id } = await reserve();
    await repository(FullReservation).update({ id }, { party: 4 });
    const revision = await audited.context.run({ actor: 'bob', reason: 'typo' }, () =>
      history.restore(FullReservation, id, 1),
    );
    expect(revision).toMatchObject({ actor: 'bob', reason: 'typo' });
  });

  it('makes no revision when nothing has to change', async () => {
    const { id } = await reserve();
    expect(await history.restore(FullReservation, id, 1)).toBeNull();
    expect((await history.latest(FullReservation, id))?.version).toBe(1);
  });

  it('takes a moment, or a revision', async () => {
    const { id } = await reserve();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const at = new Date();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await repository(FullReservation).update({ id }, { party: 4 });
    expect(await history.restore(FullReservation, id, at)).toMatchObject({
      snapshot: { party: 6 },
      reason: `restore of ${at.toISOString()}`,
    });
    const second = (await history.revision(FullReservation, id, 2))!;
    expect(await history.restore(FullReservation, id, second)).toMatchObject({
      version: 4,
      snapshot: { party: 4 },
    });
  });

  it('brings a deleted entity back under its old, generated key, which is not given to another', async () => {
    const { id } = await reserve();
    const before = await raw(id);
    await repository(FullReservation).delete({ id });
    expect(await history.restore(FullReservation, id, 1)).toMatchObject({ version: 3, operation: 'insert' });
    expect(await raw(id)).toEqual({ ...before, views: 0 });
    expect((await reserve()).id).not.toBe(id);
  });

  it('leaves no key behind for a generator that had not come to it', async () => {
    const guest = await repository(Guest).save({ name: 'Steve' });
    await repository(Guest).delete({ id: guest.id });
    if (name === 'postgres') await dataSource.query(`SELECT setval('guest_id_seq', 1, false)`);
    await history.restore(Guest, guest.id, 1);
    expect((await repository(Guest).save({ name: 'Ann' })).id).toBeGreaterThan(guest.id);
  });

  it('brings an entity that was deleted and inserted again back to what it was before', async () => {
    const line = { order: 'A 1', line: 2 };
    await repository(OrderLine).save({ ...line, amount: 3 });
    await repository(OrderLine).delete(line);
    await repository(OrderLine).insert({ ...line, amount: 9 });
    expect(await history.restore(OrderLine, line, 1)).toMatchObject({
      entityId: line,
      version: 4,
      operation: 'update',
      snapshot: { ...line, amount: 3 },
    });
    await repository(OrderLine).delete(line);
    expect(await history.restore(OrderLine, line, 3)).toMatchObject({ version: 6, snapshot: { amount: 9 } });
  });

  it('soft-deletes and recovers', async () => {
    const reservation = await reserve();
    await repository(FullReservation).softRemove(reservation);
    expect(await history.restore(FullReservation, reservation.id, 1)).toMatchObject({
      version: 3,
      operation: 'restore',
    });
    expect(await history.restore(FullReservation, reservation.id, 2)).toMatchObject({
      operation: 'soft-delete',
    });
  });

  it('refuses what refers to something that is gone, and names it', async () => {
    const guest = await repository(Guest).save({ name: 'Steve' });
    const { id: guestId } = guest;
    const { id } = await reserve({ guest });
    await repository(FullReservation).update({ id }, { guest: null, party: 4 });
    await repository(Guest).delete({ id: guestId });
    const problem = `guest_fk of FullReservation refers to Guest ${guestId}, which no longer exists`;
    const refused = await history.restore(FullReservation, id, 1).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(RestoreConflictError);
    expect(refused).toMatchObject({
      message: expect.stringContaining(problem),
      conflicts: [{ entity: 'full_reservation', id, problem }],
    });
    expect((await history.latest(FullReservation, id))?.version).toBe(2);
    await history.restore(Guest, guestId, 1);
    expect(await history.restore(FullReservation, id, 1)).toMatchObject({ snapshot: { guest_fk: guestId } });
  });

  it('brings back a row that refers to itself', async () => {
    const folder = await repository(Folder).save({ name: 'root' });
    const { id } = folder;
    await repository(Folder).update({ id }, { parent: { id } });
    await repository(Folder).update({ id }, { parent: null });
    await repository(Folder).delete({ id });
    expect(await history.restore(Folder, id, 2)).toMatchObject({ snapshot: { parentId: id } });
  });

  it('gives a tree its values back, but not its shape, which is in other rows too', async () => {
    const categories = dataSource.getTreeRepository(Category);
    const root = await categories.save({ name: 'root' });
    const leaf = await categories.save(categories.create({ name: 'leaf', parent: root }));
    await categories.update({ id: leaf.id }, { name: 'twig' });
    expect(await history.restore(Category, leaf.id, 1)).toMatchObject({ snapshot: { name: 'leaf' } });
    await categories.save({ ...leaf, parent: null });
    await expect(history.restore(Category, leaf.id, 1)).rejects.toThrow('its place in the tree');
  });

  it('keeps what is masked', async () => {
    const { id } = await repository(Card).save({ owner: 'ann', number: '4711' });
    await repository(Card).update({ id }, { owner: 'bob', number: '4712' });
    await history.restore(Card, id, 1);
    expect(await repository(Card).findOneBy({ id })).toEqual({ id, owner: 'ann', number: '4712' });
    await repository(Card).delete({ id });
    await history.restore(Card, id, 1);
    expect(await repository(Card).findOneBy({ id })).toEqual({ id, owner: 'ann', number: null });
  });

  it('refuses a deleted entity whose unaudited column has no value to take', async () => {
    const document = await repository(Document).save({ title: 'a', secret: 'b' });
    const { id } = document;
    await repository(Document).update({ id }, { title: 'c', secret: 'd' });
    expect(await history.restore(Document, id, 1)).toMatchObject({ snapshot: { title: 'a' } });
    expect(await repository(Document).findOneBy({ id })).toEqual({ id, title: 'a', secret: 'd' });
    await repository(Document).delete({ id });
    await expect(history.restore(Document, id, 1)).rejects.toThrow(
      'Document.secret is not in the history, takes no null and has no default',
    );
  });

  it.each([
    [
      'the version',
      (id: number) => history.restore(FullReservation, id, 2),
      'at must be a time at which FullReservation',
    ],
    [
      'no such version',
      (id: number) => history.restore(FullReservation, id, 9),
      'did not exist in version 9',
    ],
    [
      'a moment before',
      (id: number) => history.restore(FullReservation, id, new Date(0)),
      'did not exist at 1970',
    ],
    ['no version', (id: number) => history.restore(FullReservation, id, 0), 'at must be a version'],
    [
      'text',
      (id: number) => history.restore(FullReservation, id, '2020' as never),
      "at must be a Date, a version or a revision, got '2020'.",
    ],
    [
      'text in except',
      () => history.undo('01890000-0000-7000-8000-00000000000a', { except: 'FullReservation' as never }),
      "except must be an array of entities, got 'FullReservation'.",
    ],
    [
      'no relation',
      (id: number) => history.restore(FullReservation, id, 1, { relations: ['guest'] }),
      'relations must name many-to-many relations of FullReservation whose links are audited, got "guest"',
    ],
  ])('is refused for %s in which it did not exist', async (_, restore, message) => {
    const { id } = await reserve();
    await repository(FullReservation).delete({ id });
    const refused = restore(id);
    await expect(refused).rejects.toThrow(InvalidArgumentError);
    await expect(refused).rejects.toThrow(message);
  });

  it('brings the links of many-to-many relations back when asked', async () => {
    const [a, b, c] = await repository(Tag).save([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    const { id } = await reserve({ tags: [a, b] });
    const reservation = await repository(FullReservation).findOneByOrFail({ id });
    await repository(FullReservation).save({ ...reservation, party: 4, tags: [b, c] });
    const tags = async (): Promise<string[]> => {
      const { tags } = await repository(FullReservation).findOneOrFail({
        where: { id },
        relations: { tags: true },
        order: { tags: { name: 'ASC' } },
      });
      return tags.map((tag) => tag.name);
    };
    await history.restore(FullReservation, id, 1);
    expect(await tags()).toEqual(['b', 'c']);
    await history.restore(FullReservation, id, 1, { relations: true });
    expect(await tags()).toEqual(['a', 'b']);
    await history.restore(FullReservation, id, 2, { relations: ['tags'] });
    expect(await tags()).toEqual(['b', 'c']);
    await repository(FullReservation).delete({ id });
    await history.restore(FullReservation, id, 1, { relations: true });
    expect(await tags()).toEqual(['a', 'b']);
    await repository(FullReservation).save({ id, tags: [] });
    await repository(Tag).delete({ name: 'a' });
    await expect(history.restore(FullReservation, id, 1, { relations: true })).rejects.toThrow(
      'refers to Tag a, which no longer exists',
    );
    expect(await tags()).toEqual([]);
  });

  it('is part of a transaction that is given', async () => {
    const { id } = await reserve();
    await repository(FullReservation).update({ id }, { party: 4 });
    await dataSource
      .transaction(async (manager) => {
        expect(await history.restore(FullReservation, id, 1, { manager })).toMatchObject({ version: 3 });
        await expect(history.restore(FullReservation, id, 7, { manager })).rejects.toThrow(
          InvalidArgumentError,
        );
        expect(await manager.findOneBy(FullReservation, { id })).toMatchObject({ party: 6 });
        throw new Error('changed my mind');
      })
      .catch(() => undefined);
    expect(await history.latest(FullReservation, id)).toMatchObject({ version: 2 });
  });

  it('of many at a time is each its own', async () => {
    const ids: number[] = [];
    for (let n = 0; n < 8; n++) {
      const { id } = await reserve();
      await repository(FullReservation).update({ id }, { party: 4 });
      ids.push(id);
    }
    const restored = await Promise.all(ids.map((id) => history.restore(FullReservation, id, 1)));
    expect(restored.map((revision) => revision?.version)).toEqual(Array(8).fill(3));
    expect(new Set(restored.map((revision) => revision?.transaction)).size).toBe(8);
  });

  it('holds its own beside other writes of the same row', async () => {
    const { id } = await reserve();
    const writes = Array.from({ length: 24 }, (_, n) =>
      n % 3 === 0
        ? history.restore(FullReservation, id, n % 2 === 0 ? 1 : { version: 1 })
        : repository(FullReservation).update({ id }, { party: 10 + n }),
    );
    await Promise.all(writes);
    await history.restore(FullReservation, id, 1);
    expect(await repository(FullReservation).findOneByOrFail({ id })).toMatchObject({ party: 6 });
  });

  it('is refused where nothing would record it', async () => {
    const { id } = await reserve();
    const other = Object.create(dataSource) as DataSource;
    setRecorder(other, undefined);
    await expect(new HistoryService(other).restore(FullReservation, id, 1)).rejects.toThrow(
      AuditConfigurationError,
    );
  });
});

type Values = [type: string, options: object, values: string[]][];

const mysqlValues: Values = [
  ['bigint', { unsigned: true }, ['18446744073709551615', '1']],
  ['decimal', { precision: 30, scale: 10 }, ['12345678901234567890.0000000001', '0']],
  ['datetime', { precision: 6 }, [`'2026-11-23 06:02:00.123456'`, `'2026-11-23 06:02:00.123457'`]],
  ['varchar', {}, [`'a '`, `'A'`]],
  ['blob', {}, [`x'00ff10'`, `x''`]],
  ['json', {}, [`'{"b": 1, "a": [1.0]}'`, `'{}'`]],
  ['enum', { enum: ['x', 'y'] }, [`'x'`, `'y'`]],
  ['set', { enum: ['x', 'y'] }, [`'x,y'`, `''`]],
];

const values: Record<DatabaseName, Values> = {
  sqlite: [
    ['integer', {}, ['9007199254740993', '1']],
    ['text', {}, [`'a '`, `'A'`]],
    ['blob', {}, [`x'00ff10'`, `x''`]],
    ['datetime', {}, [`'2026-11-23 06:02:00.123'`, `'2026-11-23 06:02:00.124'`]],
    ['simple-json', {}, [`'{"b": 1, "a": [1.0]}'`, `'{}'`]],
    ['simple-enum', { enum: ['x', 'y'] }, [`'x'`, `'y'`]],
  ],
  postgres: [
    ['bigint', {}, ['9007199254740993', '1']],
    ['numeric', {}, ['10.50', '10.5']],
    ['timestamptz', {}, [`'2026-11-23 06:02:00.123456+00'`, `'2026-11-23 06:02:00.123457+00'`]],
    ['bytea', {}, [`'\\x00ff10'`, `''`]],
    ['json', {}, [`'{"b": 1, "a": [1.0]}'`, `'{"a":1}'`]],
    ['jsonb', {}, [`'{"b": 1.00}'`, `'{"b": 1.0}'`]],
    ['enum', { enum: ['x', 'y'] }, [`'x'`, `'y'`]],
    ['enum', { enum: ['x', 'y'], array: true }, [`'{x,y}'`, `'{}'`]],
    ['uuid', {}, [`'00000000-0000-7000-8000-000000000000'`, `'00000000-0000-7000-8000-000000000001'`]],
  ],
  mariadb: mysqlValues,
  mysql: mysqlValues,
};

describeDatabases('a restored value', (name) => {
  describe.each(values[name])('of type %s %j', (type, options, [first, second]) => {
    it('is the one that was, to the last digit', async () => {
      @Audited()
      @Entity()
      class Thing {
        @PrimaryColumn() id: number;
        // A transformer that can't tell what it was given is never asked.
        @Column({
          type: type as 'text',
          nullable: true,
          ...options,
          transformer: { to: () => null, from: () => 0 },
        })
        value: unknown;
      }
      const audited = await openAudited(name, { entities: [Thing] });
      try {
        const { dataSource } = audited;
        const history = new HistoryService(dataSource);
        const things = dataSource.getRepository(Thing);
        const set = (value: string) =>
          things
            .createQueryBuilder()
            .update()
            .set({ value: () => value })
            .where({ id: 1 })
            .execute();
        const text = name === 'postgres' ? 'value::text' : name === 'sqlite' ? 'quote(value)' : 'hex(value)';
        const read = async (): Promise<unknown> =>
          (await dataSource.query<{ v: unknown }[]>(`SELECT ${text} AS v FROM thing WHERE id = 1`))[0].v;
        await things.insert({ id: 1 });
        await set(first);
        const before = await read();
        await set(second);
        expect(await read()).not.toEqual(before);
        expect(await history.restore(Thing, 1, 2)).toMatchObject({ version: 4 });
        expect(await read()).toEqual(before);
        await things.delete({ id: 1 });
        expect(await history.restore(Thing, 1, 2)).toMatchObject({ version: 6 });
        expect(await read()).toEqual(before);
        expect(auditPlansOf(dataSource).all).toHaveLength(1);
        await expectInvariants(dataSource);
      } finally {
        await audited.close();
      }
    });
  });
});

@Audited()
@Entity()
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
class Animal {
  @PrimaryColumn() tag: string;
  @PrimaryColumn() herd: number;
  @RevisionId() revision: string | null;
}

@ChildEntity()
class Cow extends Animal {
  @Column() milk: number;
  @ManyToOne(() => Guest, { nullable: true }) owner: Guest | null;
}

@ChildEntity()
class Dog extends Animal {
  @Column({ type: 'varchar' }) trick: string;
}

describeDatabases('a restore in a table of several classes', (name) => {
  it('brings each back as what it was', async () => {
    const audited = await openAudited(name, { entities: [Animal, Cow, Dog, Guest], entityPrefix: 'farm_' });
    const { dataSource } = audited;
    try {
      const history = new HistoryService(dataSource);
      const key = { tag: 'a', herd: 1 };
      const owner = await dataSource.getRepository(Guest).save({ name: 'Ann' });
      await dataSource.getRepository(Cow).save({ ...key, milk: 3, owner });
      await dataSource.getRepository(Cow).delete(key);
      await dataSource.getRepository(Dog).save({ ...key, trick: 'sit' });
      expect(await history.restore(Animal, key, 1)).toMatchObject({ entityId: key, version: 4 });
      const cow = await dataSource.getRepository(Animal).findOneByOrFail(key);
      expect(cow).toBeInstanceOf(Cow);
      expect(cow).toMatchObject({ milk: 3, revision: (await history.latest(Animal, key))!.id });
      expect(await history.restore(Dog, key, 3)).toMatchObject({ snapshot: { trick: 'sit' } });
      await dataSource.getRepository(Animal).delete(key);
      await dataSource.getRepository(Guest).delete({ id: owner.id });
      await expect(history.restore(Cow, key, 1)).rejects.toThrow(RestoreConflictError);
      await expectInvariants(dataSource);
    } finally {
      await audited.close();
    }
  });
});

describeDatabases('a restore of a key that only the database makes', (name) => {
  (name === 'postgres' ? it : it.skip)('keeps it', async () => {
    @Audited()
    @Entity()
    class Ticket {
      @PrimaryGeneratedColumn('identity', { generatedIdentity: 'ALWAYS', name: 'Ticket Id' }) id: number;
      @Column({ type: 'enum', enum: ['x', 'y'] }) kind: string;
      @Column({ type: 'int', generatedType: 'STORED', asExpression: '7 * 6', nullable: true }) answer: number;
    }
    const audited = await openAudited(name, { entities: [Ticket] });
    const { dataSource } = audited;
    try {
      const history = new HistoryService(dataSource);
      const tickets = dataSource.getRepository(Ticket);
      const { id } = await tickets.save({ kind: 'x' });
      await tickets.delete({ id });
      await dataSource.query('ALTER TABLE ticket ALTER COLUMN "Ticket Id" RESTART WITH 1');
      await history.restore(Ticket, id, 1);
      expect(await tickets.findOneBy({ id })).toEqual({ id, kind: 'x', answer: 42 });
      expect((await tickets.save({ kind: 'y' })).id).toBe(id + 1);
      await expectInvariants(dataSource);
    } finally {
      await audited.close();
    }
  });
});
