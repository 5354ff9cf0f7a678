import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  type Repository,
} from 'typeorm';
import { InvalidArgumentError, NotAuditedError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type Page } from '../../../src/history/types/page.js';
import { type PropertyOrRelation } from '../../../src/history/types/property-path.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { type TimelineOptions } from '../../../src/history/types/timeline.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Entity()
class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

class Seat {
  @Column({ nullable: true, type: 'varchar' }) room: string | null;
  @Column({ nullable: true, type: 'int' }) table: number | null;
}

@Audited()
@Entity()
class DetailedReservation {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
  @Column({ nullable: true, type: 'varchar' }) note: string | null;
  @Column(() => Seat) seat: Seat;
  @Column({ type: 'simple-json', nullable: true }) wishes: Record<string, unknown> | null;
  @Column({ nullable: true, select: false, type: 'varchar' }) pin: string | null;
  @ManyToOne(() => Guest, { nullable: true }) @JoinColumn({ name: 'guest_fk' }) guest: Guest | null;
  @DeleteDateColumn() deletedAt: Date | null;
}

describeDatabases('timeline', (name) => {
  const counter = new QueryRecorder();
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let reservations: Repository<DetailedReservation>;

  beforeAll(async () => {
    audited = await openAudited(name, {
      entities: [DetailedReservation, Guest],
      logging: true,
      logger: counter,
    });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    reservations = dataSource.getRepository(DetailedReservation);
  });
  afterAll(() => audited.close());

  const as = <T>(actor: string, write: () => Promise<T>): Promise<T> => audited.context.run({ actor }, write);
  const versions = (items: Revision<DetailedReservation>[]): number[] => items.map(({ version }) => version);
  const changed = (items: Revision<DetailedReservation>[]): Record<number, string[]> =>
    Object.fromEntries(
      items.map(({ version, changes }) => [version, changes.map(({ property }) => property)]),
    );

  /** A reservation with 25 revisions: the party counts up, each fifth by bob and with a note, the others by ann. */
  async function longHistory(): Promise<number> {
    const reservation = await as('ann', () => reservations.save(reservations.create({ party: 1 })));
    for (let party = 2; party <= 25; party++)
      await as(party % 5 === 0 ? 'bob' : 'ann', () =>
        reservations.save({
          id: reservation.id,
          party,
          ...(party % 5 === 0 ? { note: `note ${party}` } : {}),
        }),
      );
    return reservation.id;
  }

  async function readPages(
    id: number,
    options: TimelineOptions<DetailedReservation>,
  ): Promise<Revision<DetailedReservation>[][]> {
    const pages: Revision<DetailedReservation>[][] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Revision<DetailedReservation>> = await history.timeline(DetailedReservation, id, {
        ...options,
        cursor,
      });
      pages.push(page.items);
      cursor = page.nextCursor;
    } while (cursor);
    return pages;
  }

  describe('of 25 revisions', () => {
    let id: number;
    let all: Revision<DetailedReservation>[];
    beforeAll(async () => {
      id = await longHistory();
      all = (await history.timeline(DetailedReservation, id)).items;
    });
    afterEach(() => expectInvariants(dataSource));

    it('comes newest first in pages', async () => {
      const pages = await readPages(id, { limit: 10 });
      expect(pages.map(versions)).toEqual([
        [25, 24, 23, 22, 21, 20, 19, 18, 17, 16],
        [15, 14, 13, 12, 11, 10, 9, 8, 7, 6],
        [5, 4, 3, 2, 1],
      ]);
      expect(pages.flat()).toEqual(all);
    });

    it('comes oldest first in pages', async () => {
      const pages = await readPages(id, { limit: 10, order: 'asc' });
      expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
      expect(pages.flat()).toEqual(all.toReversed());
    });

    it('has no empty last page', async () => {
      expect((await readPages(id, { limit: 5 })).map((page) => page.length)).toEqual([5, 5, 5, 5, 5]);
      expect(await history.timeline(DetailedReservation, id, { limit: 25 })).toEqual({
        items: all,
        nextCursor: null,
      });
    });

    it('takes one query a page, and one more to find the end of a filtered page that is not full', async () => {
      for (const [queries, options] of [
        [1, { limit: 10 }],
        [1, { limit: 2, property: 'note', actor: 'bob', order: 'asc' }],
        [2, { property: 'seat' }],
      ] as const) {
        counter.clear();
        await history.timeline(DetailedReservation, id, options);
        expect(counter.statements.filter((query) => query.startsWith('SELECT'))).toHaveLength(queries);
        expect(counter.queries).toHaveLength(queries);
      }
    });

    it('goes on where it was when revisions are added', async () => {
      const reservation = await reservations.save(reservations.create({ party: 1 }));
      for (const party of [2, 3, 4]) await reservations.save({ id: reservation.id, party });
      const first = await history.timeline(DetailedReservation, reservation.id, { limit: 2 });
      await reservations.save({ id: reservation.id, party: 5 });
      const second = await history.timeline(DetailedReservation, reservation.id, {
        limit: 2,
        cursor: first.nextCursor,
      });
      expect([versions(first.items), versions(second.items)]).toEqual([
        [4, 3],
        [2, 1],
      ]);
    });

    it('shows the changes to the preceding revision on each page', async () => {
      const [page] = await readPages(id, { limit: 2, actor: 'bob' });
      expect(page.map(({ version, changes }) => ({ version, changes }))).toEqual([
        {
          version: 25,
          changes: [
            { property: 'party', from: 24, to: 25 },
            { property: 'note', from: 'note 20', to: 'note 25' },
          ],
        },
        {
          version: 20,
          changes: [
            { property: 'party', from: 19, to: 20 },
            { property: 'note', from: 'note 15', to: 'note 20' },
          ],
        },
      ]);
    });

    it('is filtered by actor', async () => {
      expect((await readPages(id, { actor: 'bob', limit: 2 })).map(versions)).toEqual([
        [25, 20],
        [15, 10],
        [5],
      ]);
      expect(await history.timeline(DetailedReservation, id, { actor: 'carl' })).toEqual({
        items: [],
        nextCursor: null,
      });
    });

    it('tells actors apart that a collation takes for the same', async () => {
      const reservation = await as('Ann', () => reservations.save(reservations.create({ party: 1 })));
      await as('ann', () => reservations.save({ id: reservation.id, party: 2 }));
      const page = await history.timeline(DetailedReservation, reservation.id, { actor: 'Ann' });
      expect(versions(page.items)).toEqual([1]);
    });

    it('is filtered by property', async () => {
      expect((await readPages(id, { property: 'note', limit: 3 })).map(versions)).toEqual([
        [25, 20, 15],
        [10, 5],
      ]);
      expect((await readPages(id, { property: 'party' })).map((page) => page.length)).toEqual([25]);
      expect((await readPages(id, { property: 'seat' })).map(versions)).toEqual([[]]);
    });

    it('is filtered by time, including the milliseconds that it names', async () => {
      const [from, to] = [all[15].createdAt, all[5].createdAt];
      const between = all.filter(({ createdAt }) => createdAt >= from && createdAt <= to);
      expect(between.length).toBeGreaterThanOrEqual(11);
      expect((await history.timeline(DetailedReservation, id, { from, to })).items).toEqual(between);
      expect((await readPages(id, { from, to, limit: 4 })).flat()).toEqual(between);
      expect(
        (await history.timeline(DetailedReservation, id, { to: new Date(+all[24].createdAt - 1) })).items,
      ).toEqual([]);
      expect(
        (await history.timeline(DetailedReservation, id, { from: new Date(+all[0].createdAt + 1) })).items,
      ).toEqual([]);
    });

    it('combines filters', async () => {
      const options = {
        actor: 'bob',
        property: 'note',
        to: new Date(+all[9].createdAt - 1),
        order: 'asc',
      } as const;
      const expected = all
        .toReversed()
        .filter(({ actor, createdAt }) => actor === 'bob' && createdAt <= options.to);
      expect((await readPages(id, { ...options, limit: 1 })).flat()).toEqual(expected);
    });
  });

  describe('of each kind of write', () => {
    afterEach(() => expectInvariants(dataSource));

    it('says what it changed', async () => {
      const guest = await dataSource.getRepository(Guest).save({ name: 'Ann' });
      const reservation = await reservations.save(
        reservations.create({ party: 6, guest, seat: { room: 'blue' }, pin: '1234' }),
      );
      const { id } = reservation;
      await reservations.save({ id, party: 4, pin: '4321' });
      await reservations.save({ id, guest: null, seat: { room: null, table: 7 } });
      await reservations.softRemove({ id });
      await reservations.recover({ id });
      await reservations.remove(await reservations.findOneByOrFail({ id }));
      await dataSource
        .createQueryBuilder()
        .insert()
        .into(DetailedReservation, ['id', 'party'])
        .values({ id, party: 2 })
        .execute();

      const { items } = await history.timeline(DetailedReservation, id, { order: 'asc' });
      const deletedAt = items[3].snapshot!.deletedAt;
      expect(deletedAt).toEqual(expect.any(Date));
      const changes = (...list: [string, unknown, unknown][]) =>
        list.map(([property, from, to]) => ({ property, from, to }));
      expect(items.map(({ operation, isDelete, changes }) => ({ operation, isDelete, changes }))).toEqual([
        {
          operation: 'insert',
          isDelete: false,
          changes: changes(['party', null, 6], ['guest_fk', null, guest.id], ['seat.room', null, 'blue']),
        },
        { operation: 'update', isDelete: false, changes: changes(['party', 6, 4]) },
        {
          operation: 'update',
          isDelete: false,
          changes: changes(
            ['guest_fk', guest.id, null],
            ['seat.room', 'blue', null],
            ['seat.table', null, 7],
          ),
        },
        { operation: 'soft-delete', isDelete: false, changes: changes(['deletedAt', null, deletedAt]) },
        { operation: 'restore', isDelete: false, changes: changes(['deletedAt', deletedAt, null]) },
        {
          operation: 'delete',
          isDelete: true,
          changes: changes(['party', 4, null], ['seat.table', 7, null]),
        },
        { operation: 'insert', isDelete: false, changes: changes(['party', null, 2]) },
      ]);
      expect(items.map(({ snapshot }) => snapshot?.party ?? null)).toEqual([6, 4, 4, 4, 4, null, 2]);
    });

    it('finds a property under each of its names', async () => {
      const guest = await dataSource.getRepository(Guest).save({ name: 'Ann' });
      const { id } = await reservations.save(reservations.create({ party: 6 }));
      await reservations.save({ id, guest });
      await reservations.save({ id, seat: { table: 7 } });
      await reservations.save({ id, seat: { room: 'blue' } });
      const found = async (property: PropertyOrRelation<DetailedReservation>): Promise<number[]> =>
        versions((await history.timeline(DetailedReservation, id, { property })).items);
      expect(await found('guest_fk')).toEqual([2]);
      expect(await found('guest')).toEqual([2]);
      expect(await found('seat')).toEqual([4, 3]);
      expect(await found('seat.table')).toEqual([3]);
    });

    it('finds only what it shows as changed', async () => {
      const { id } = await reservations.save(reservations.create({ party: 6, wishes: { a: 1, b: 2 } }));
      await reservations.save({ id, wishes: { b: 2, a: 1 } });
      await reservations.save({ id, wishes: { a: 1 } });
      await reservations.save({ id, wishes: null });
      await reservations.save({ id, note: 'x' });
      await reservations.save({ id, note: 'X' });
      await reservations.save({ id, note: 'X ' });
      await reservations.save({ id, note: null });
      await reservations.save({ id, wishes: { a: 1 } });
      await reservations.remove(await reservations.findOneByOrFail({ id }));

      const { items } = await history.timeline(DetailedReservation, id);
      expect(changed(items)).toMatchObject({
        2: [],
        3: ['wishes'],
        4: ['wishes'],
        5: ['note'],
        6: ['note'],
        7: ['note'],
        8: ['note'],
        9: ['wishes'],
        10: ['party', 'wishes'],
      });
      for (const property of ['party', 'note', 'wishes', 'seat', 'deletedAt', 'guest'] as const)
        for (const limit of [1, 2, 50]) {
          const found = (await readPages(id, { property, limit })).flat();
          expect(found).toEqual(
            items.filter(({ changes }) =>
              changes.some((change) => `${change.property}.`.startsWith(`${property}.`)),
            ),
          );
        }
    });

    it('neither shows nor finds a select: false column', async () => {
      const { id } = await reservations.save(reservations.create({ party: 6, pin: '1234' }));
      await reservations.save({ id, pin: '4321' });
      counter.clear();
      const { items } = await history.timeline(DetailedReservation, id);
      expect(
        items.map(({ operation, changes }) => [operation, changes.map(({ property }) => property)]),
      ).toEqual([
        ['update', []],
        ['insert', ['party']],
      ]);
      expect(items.every(({ snapshot }) => snapshot!.pin === undefined)).toBe(true);
      expect(counter.statements.join()).not.toContain('pin');
      await expect(history.timeline(DetailedReservation, id, { property: 'pin' })).rejects.toThrow(
        InvalidArgumentError,
      );
    });

    it('says who and why', async () => {
      const { id } = await audited.context.run({ actor: 'ann', reason: 'phone', context: { line: 2 } }, () =>
        reservations.save(reservations.create({ party: 6 })),
      );
      const before = Date.now();
      const latest = await history.latest(DetailedReservation, id);
      expect(latest).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
        entity: 'detailed_reservation',
        entityId: id,
        version: 1,
        createdAt: expect.any(Date),
        operation: 'insert',
        isDelete: false,
        isQuiet: false,
        actor: 'ann',
        reason: 'phone',
        transaction: expect.stringMatching(/^[0-9a-f-]{36}$/),
        context: { line: 2 },
        snapshot: expect.any(DetailedReservation),
        changes: [{ property: 'party', from: null, to: 6 }],
      });
      expect(Math.abs(+latest!.createdAt - before)).toBeLessThan(5000);
    });
  });

  it('shows no changes for a baseline, nor where the predecessor was pruned', async () => {
    const { id } = await reservations.save(reservations.create({ party: 1 }));
    for (const party of [2, 3, 4]) await reservations.save({ id, party });
    const table = dataSource.driver.escape(
      auditPlansOf(dataSource).get(DetailedReservation).revision.tableName,
    );
    await dataSource.query(`DELETE FROM ${table} WHERE id = ${id} AND rev_version < 3`);
    await dataSource.query(
      `UPDATE ${table} SET rev_operation = 'baseline' WHERE id = ${id} AND rev_version = 4`,
    );
    const { items } = await history.timeline(DetailedReservation, id);
    expect(items.map(({ version, operation, changes }) => ({ version, operation, changes }))).toEqual([
      { version: 4, operation: 'baseline', changes: [] },
      { version: 3, operation: 'update', changes: [] },
    ]);
    expect(await history.timeline(DetailedReservation, id, { property: 'party' })).toEqual({
      items: [],
      nextCursor: null,
    });
    expect(items.map(({ snapshot }) => snapshot!.party)).toEqual([4, 3]);
  });

  it('shows all that a prune has left, and what lies beyond a gap', async () => {
    const id = await longHistory();
    const table = dataSource.driver.escape(
      auditPlansOf(dataSource).get(DetailedReservation).revision.tableName,
    );
    const remaining = async (limit: number, order?: 'asc'): Promise<number[][]> =>
      (await readPages(id, { limit, order })).map(versions);
    await dataSource.query(`DELETE FROM ${table} WHERE id = ${id} AND rev_version < 11`);
    expect(await remaining(5)).toEqual([
      [25, 24, 23, 22, 21],
      [20, 19, 18, 17, 16],
      [15, 14, 13, 12, 11],
    ]);
    await dataSource.query(`DELETE FROM ${table} WHERE id = ${id} AND rev_version BETWEEN 14 AND 21`);
    expect(await remaining(3)).toEqual([[25, 24, 23], [22, 13, 12], [11]]);
    expect(await remaining(4, 'asc')).toEqual([
      [11, 12, 13, 22],
      [23, 24, 25],
    ]);
  });

  it('is empty for an entity that has no history', async () => {
    expect(await history.timeline(DetailedReservation, 999_999)).toEqual({ items: [], nextCursor: null });
  });

  it.each<[string, TimelineOptions]>([
    ['limit', { limit: 0 }],
    ['limit', { limit: 201 }],
    ['limit', { limit: 1.5 }],
    ['limit', { limit: NaN }],
    ['order', { order: 'newest' as 'desc' }],
    ['from', { from: new Date(NaN) }],
    ['to', { to: '2015-04-03' as unknown as Date }],
    ['actor', { actor: 1 as unknown as string }],
    ['property', { property: 'nothing' }],
    ['property', { property: 'id' }],
    ['property', { property: '' }],
    ['property', { property: 'sea' }],
    ['cursor', { cursor: 'nothing' }],
    ['cursor', { cursor: '' }],
  ])('refuses a wrong %s: %j', async (argument, options) => {
    const refusal = history.timeline(DetailedReservation, 1, options);
    await expect(refusal).rejects.toThrow(InvalidArgumentError);
    await expect(refusal).rejects.toMatchObject({ argument });
  });

  it('names the properties there are when one is unknown', async () => {
    await expect(history.timeline('DetailedReservation', 1, { property: 'nothing' })).rejects.toThrow(
      'property must be a property whose changes the history of DetailedReservation shows, got "nothing". ' +
        'They are party, note, wishes, deletedAt, guest_fk, seat.room, seat.table.',
    );
  });

  it("refuses another timeline's cursor", async () => {
    const [one, two] = await reservations.save([{ party: 1 }, { party: 1 }]);
    for (const { id } of [one, two]) await reservations.save({ id, party: 2 });
    const { nextCursor: cursor } = await history.timeline(DetailedReservation, one.id, { limit: 1 });
    expect(cursor).toEqual(expect.any(String));
    await expect(history.timeline(DetailedReservation, two.id, { cursor })).rejects.toMatchObject({
      argument: 'cursor',
    });
    await expect(
      history.timeline(DetailedReservation, one.id, { cursor, order: 'asc' }),
    ).rejects.toMatchObject({
      argument: 'cursor',
    });
    expect(versions((await history.timeline(DetailedReservation, String(one.id), { cursor })).items)).toEqual(
      [1],
    );
  });

  it('refuses what is not audited', async () => {
    await expect(history.timeline(Guest, 1)).rejects.toThrow(NotAuditedError);
    await expect(history.timeline('Nobody', 1)).rejects.toThrow(NotAuditedError);
  });

  it('finds the entity by its name too', async () => {
    const { id } = await reservations.save(reservations.create({ party: 6 }));
    expect((await history.timeline('DetailedReservation', id)).items).toEqual(
      (await history.timeline(DetailedReservation, id)).items,
    );
  });
});
