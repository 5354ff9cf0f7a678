import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  Check,
  Column,
  type DataSource,
  Entity,
  type EntityManager,
  type EntityTarget,
  Index,
  JoinColumn,
  ManyToOne,
  type ObjectLiteral,
  OneToOne,
  PrimaryColumn,
  Unique,
} from 'typeorm';
import { UndoConflictError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited()
@Entity()
@Unique(['list', 'position'])
@Check('position > -1000')
class Card {
  @PrimaryColumn() id: number;
  @Column() list: number;
  @Column() position: number;
  @Column({ default: '' }) title: string;
}

@Audited()
@Entity()
class Person {
  @PrimaryColumn() id: number;
  @Column({ type: 'varchar', length: 2, unique: true }) code: string;
  @Column({ type: 'varchar', length: 20, nullable: true, unique: true }) nick: string | null;
  @Index({ unique: true }) @Column({ type: 'date' }) day: string;
  @Index({ unique: true }) @Column({ type: 'decimal', precision: 6, scale: 2 }) rank: string;
}

@Audited()
@Entity()
class Desk {
  @PrimaryColumn() id: number;
  @OneToOne(() => Person, { nullable: false }) @JoinColumn() owner: Person;
  @Column() ownerId: number;
}

@Audited()
@Entity()
@Unique(['person', 'size'])
class Key {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Person, { nullable: false }) person: Person;
  @Column() personId: number;
  @Column({ type: 'simple-enum', enum: ['small', 'big'] }) size: string;
}

@Audited()
@Entity()
@Unique(['place'], { deferrable: 'INITIALLY DEFERRED' })
@Unique(['flag'], { deferrable: 'INITIALLY IMMEDIATE' })
class Runner {
  @PrimaryColumn() id: number;
  @Column() place: number;
  @Column() flag: number;
}

describeDatabases('an undo of unique values', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Card, Person, Desk, Key, Runner] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
  });
  afterEach(async () => {
    await expectInvariants(dataSource);
    for (const entity of [Card, Desk, Key, Runner, Person])
      await dataSource.createQueryBuilder().delete().from(entity).execute();
  });
  afterAll(() => audited.close());

  async function transaction(write: (manager: EntityManager) => Promise<unknown>): Promise<string> {
    await dataSource.transaction(write);
    return (await history.feed({ limit: 1 })).items[0].transaction;
  }

  const rows = <E extends ObjectLiteral>(entity: EntityTarget<E>): Promise<E[]> =>
    dataSource.getRepository(entity).find({ order: { id: 'ASC' } as never });

  /** Undoes a transaction and expects one revision of each row that differs, and the rows as they were. */
  async function expectUndone<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    write: (manager: EntityManager) => Promise<unknown>,
  ): Promise<Revision[]> {
    const before = await rows(entity);
    const id = await transaction(write);
    const after = await rows(entity);
    expect(after).not.toEqual(before);
    const planned = await history.undo(id, { dryRun: true });
    expect(await rows(entity)).toEqual(after);
    const made = await history.undo(id);
    expect(await rows(entity)).toEqual(before);
    const comparable = (list: Revision[]) =>
      list.map(({ entityId, version, operation, changes }) => ({ entityId, version, operation, changes }));
    expect(comparable(made)).toEqual(comparable(planned));
    expect(new Set(made.map(({ entityId }) => entityId)).size).toBe(made.length);
    // The way back can be gone again.
    await history.undo(made[0].transaction);
    expect(await rows(entity)).toEqual(after);
    return made;
  }

  const cards = async (positions: readonly number[], list = 1): Promise<void> => {
    const saved = positions.map((position) => ({ id: list * 1000 + position, list, position }));
    await dataSource.getRepository(Card).save(saved);
  };
  /** Moves cards as an application has to, past places where nobody is. */
  const move = async (manager: EntityManager, places: Record<number, number>): Promise<void> => {
    for (const id of Object.keys(places))
      await manager.update(Card, { id: +id }, { position: -Number(id) % 900 });
    for (const [id, position] of Object.entries(places))
      await manager.update(Card, { id: +id }, { position });
  };

  it('swaps two back', async () => {
    await cards([1, 2, 3]);
    const made = await expectUndone(Card, (manager) => move(manager, { 1001: 2, 1002: 1 }));
    expect(made).toHaveLength(2);
    expect(made.map(({ changes }) => changes).flat()).toEqual(
      expect.arrayContaining([
        { property: 'position', from: 2, to: 1 },
        { property: 'position', from: 1, to: 2 },
      ]),
    );
  });

  it('puts a card back to where it was dragged from, and all others up or down', async () => {
    const all = Array.from({ length: 12 }, (_, n) => n + 1);
    await cards(all);
    const dragged = Object.fromEntries(all.map((n) => [1000 + n, n === 2 ? 12 : n > 2 ? n - 1 : n]));
    expect(await expectUndone(Card, (manager) => move(manager, dragged))).toHaveLength(11);
  });

  it.each([1, -1])('puts all back that moved by one statement, by %d', async (by) => {
    await cards([1, 2, 3, 4, 5]);
    await cards([1, 2, 3], 2);
    const shift = (manager: EntityManager, set: string) =>
      manager
        .createQueryBuilder()
        .update(Card)
        .set({ position: () => set })
        .where({ list: 1 })
        .execute();
    const made = await expectUndone(Card, async (manager) => {
      await shift(manager, 'position + 100');
      await shift(manager, `position - 100 + ${by}`);
    });
    expect(made).toHaveLength(5);
  });

  it('puts two circles and a chain into a row that was removed and one that was added back', async () => {
    await cards([1, 2, 3, 4, 5, 6, 7]);
    await expectUndone(Card, async (manager) => {
      await manager.delete(Card, { id: 1007 });
      await move(manager, { 1001: 2, 1002: 3, 1003: 1, 1004: 5, 1005: 4, 1006: 7 });
      await manager.insert(Card, { id: 1008, list: 1, position: 6 });
    });
  });

  it('moves cards between lists back', async () => {
    await cards([1, 2]);
    await cards([1, 2], 2);
    await expectUndone(Card, async (manager) => {
      await manager.update(Card, { id: 1001 }, { position: 50 });
      await manager.update(Card, { id: 2001 }, { list: 1, position: 1 });
      await manager.update(Card, { id: 1001 }, { list: 2, position: 1, title: 'moved' });
    });
  });

  const people = () =>
    dataSource.getRepository(Person).save([
      { id: 1, code: 'aa', nick: 'Ann', day: '2026-01-01', rank: '1.50' },
      { id: 2, code: 'bb', nick: 'Bob', day: '2026-01-02', rank: '2.50' },
      { id: 3, code: 'cc', nick: null, day: '2026-01-03', rank: '3.50' },
    ]);

  it('swaps text, nulls, dates and decimals back, all in the same rows', async () => {
    const [ann, bob] = await people();
    await expectUndone(Person, async (manager) => {
      await manager.update(Person, { id: 1 }, { code: 'zz', nick: null, day: '2000-01-01', rank: '9.00' });
      await manager.update(
        Person,
        { id: 2 },
        { code: ann.code, nick: ann.nick, day: ann.day, rank: ann.rank },
      );
      await manager.update(
        Person,
        { id: 1 },
        { code: bob.code, nick: bob.nick, day: bob.day, rank: bob.rank },
      );
    });
  });

  it('swaps the rows that two refer to back, where a third one is free', async () => {
    await people();
    await dataSource.getRepository(Desk).save([
      { id: 1, ownerId: 1 },
      { id: 2, ownerId: 2 },
    ]);
    await expectUndone(Desk, async (manager) => {
      await manager.update(Desk, { id: 1 }, { ownerId: 3 });
      await manager.update(Desk, { id: 2 }, { ownerId: 1 });
      await manager.update(Desk, { id: 1 }, { ownerId: 2 });
    });
  });

  it('swaps the labels of two back, where another row lends them room', async () => {
    await people();
    await dataSource.getRepository(Key).save([
      { id: 1, personId: 1, size: 'small' },
      { id: 2, personId: 1, size: 'big' },
    ]);
    await expectUndone(Key, async (manager) => {
      await manager.update(Key, { id: 1 }, { personId: 2 });
      await manager.update(Key, { id: 2 }, { size: 'small' });
      await manager.update(Key, { id: 1 }, { personId: 1, size: 'big' });
    });
  });

  it('says what is in the way where there is no room to move', async () => {
    await people();
    await dataSource.getRepository(Desk).save([
      { id: 1, ownerId: 1 },
      { id: 2, ownerId: 2 },
    ]);
    const id = await transaction(async (manager) => {
      await manager.update(Desk, { id: 1 }, { ownerId: 3 });
      await manager.update(Desk, { id: 2 }, { ownerId: 1 });
      await manager.update(Desk, { id: 1 }, { ownerId: 2 });
    });
    await dataSource.getRepository(Desk).save({ id: 3, ownerId: 3 });
    const before = await rows(Desk);
    for (const dryRun of [true, false]) {
      const refused = await history.undo(id, { dryRun }).catch((thrown: unknown) => thrown);
      expect(refused).toBeInstanceOf(UndoConflictError);
      expect((refused as Error).message).toMatch(/ownerId \d is taken by Desk \d/);
    }
    expect(await rows(Desk)).toEqual(before);
  });

  it('names the row that has taken a value since, and the value', async () => {
    await cards([1, 2]);
    const id = await transaction((manager) => manager.update(Card, { id: 1001 }, { position: 7 }));
    await dataSource.getRepository(Card).save({ id: 1009, list: 1, position: 1 });
    const before = await rows(Card);
    for (const dryRun of [true, false]) {
      const refused = await history.undo(id, { dryRun }).catch((thrown: unknown) => thrown);
      expect(refused).toBeInstanceOf(UndoConflictError);
      expect((refused as UndoConflictError).conflicts).toEqual([
        {
          entity: 'card',
          id: 1001,
          version: expect.any(Number),
          problem: 'Card 1001: list 1, position 1 is taken by Card 1009',
          values: { list: 1, position: 1 },
        },
      ]);
    }
    expect(await rows(Card)).toEqual(before);
  });

  it('swaps values of deferred constraints back, in a transaction that is given too', async () => {
    const runners = dataSource.getRepository(Runner);
    await runners.save([
      { id: 1, place: 1, flag: 1 },
      { id: 2, place: 2, flag: 2 },
    ]);
    const swap = async (manager: EntityManager): Promise<void> => {
      await manager.update(Runner, { id: 1 }, { place: 9, flag: 9 });
      await manager.update(Runner, { id: 2 }, { place: 1, flag: 1 });
      await manager.update(Runner, { id: 1 }, { place: 2, flag: 2 });
    };
    await expectUndone(Runner, swap);
    const before = await rows(Runner);
    const id = await transaction(async (manager) => {
      await manager.update(Runner, { id: 1 }, { place: 9, flag: 9 });
      await manager.update(Runner, { id: 2 }, { place: 2, flag: 2 });
      await manager.update(Runner, { id: 1 }, { place: 1, flag: 1 });
    });
    await dataSource.transaction(async (manager) => {
      expect(await history.undo(id, { manager })).toHaveLength(2);
    });
    expect(await rows(Runner)).toEqual(before);
  });
});
