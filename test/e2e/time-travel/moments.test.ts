import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  AfterLoad,
  Column,
  type DataSource,
  Entity,
  type EntityManager,
  ManyToOne,
  MoreThan,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { v7 } from 'uuid';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { RevisionId } from '../../../src/audited/decorators/revision-id.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type Moment } from '../../../src/history/types/moment.js';
import { Guest } from '../../support/entities/guest.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

@Audited()
@Entity()
class LazyReservation {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
  @NotAudited() @Column({ default: 3 }) views: number;
  @NotAudited() @Column({ default: 'now' }) greeting: string;
  @RevisionId() revisionId: string | null;
  @ManyToOne(() => Guest) guest: Guest;
  @ManyToOne(() => Guest) payer: Promise<Guest | null>;

  loaded: Promise<string | undefined>[] | undefined;
  @AfterLoad() remember(): void {
    (this.loaded ??= []).push(this.payer.then((payer) => payer?.name));
  }
}

@Entity()
class Unaudited {
  @PrimaryColumn() id: number;
}

describeDatabases('the moment that is looked at', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Guest, LazyReservation, Unaudited], cache: true });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
  });
  afterAll(() => audited.close());

  const pause = () => new Promise((resolve) => setTimeout(resolve, 3));
  const parties = async (moment: Moment) =>
    (await history.at(moment).find(LazyReservation, { order: { id: 'ASC' } })).map(({ party }) => party);

  it('is the end of a millisecond, a revision, or what a transaction left', async () => {
    const { manager } = dataSource;
    const first = await manager.save(manager.create(LazyReservation, { party: 1 }));
    await pause();
    await manager.transaction(async (inner) => {
      first.party = 2;
      await inner.save(first);
      await inner.save(inner.create(Guest, { name: 'Ann' }));
      first.party = 3;
      await inner.save(first);
      await inner.save(inner.create(LazyReservation, { party: 20 }));
    });
    const after = new Date();
    await pause();
    await manager.remove(await manager.findBy(LazyReservation, { party: MoreThan(0) }));
    expect(await manager.count(LazyReservation)).toBe(0);

    const { items } = await history.timeline(LazyReservation, 1, { order: 'asc' });
    const byRevision = [];
    for (const revision of items) byRevision.push(await parties(revision));
    // Between the two saves of a transaction too, where the other rows were not there yet.
    expect(byRevision).toEqual([[1], [2], [3], []]);
    expect(await parties({ transaction: items[1].transaction })).toEqual([3, 20]);
    expect(await parties({ transaction: items[1].transaction.toUpperCase() })).toEqual([3, 20]);
    expect(await parties({ transaction: items[0].transaction })).toEqual([1]);
    expect(await history.at({ transaction: items[1].transaction }).count(Guest)).toBe(1);
    expect(await history.at({ transaction: items[0].transaction }).count(Guest)).toBe(0);
    expect(await parties(items[0].createdAt)).toEqual([1]);
    expect(await parties(new Date(+items[0].createdAt - 1))).toEqual([]);
    expect(await parties(after)).toEqual([3, 20]);
    expect(await parties(new Date())).toEqual([]);
    expect((await history.at(items[1]).findOneBy(LazyReservation, { id: 1 }))?.revisionId).toBe(items[1].id);
  });

  it('is refused when it is none', async () => {
    for (const moment of [new Date(NaN), { id: 'x' }, { transaction: "'; --" }, null, 7, {}])
      expect(() => history.at(moment as Moment)).toThrow(InvalidArgumentError);
    const unknown = history.at({ transaction: v7() });
    await expect(unknown.find(LazyReservation)).rejects.toThrow(
      /^at must be a moment of the history: no audited table has a revision of transaction/,
    );
    await expect(unknown.count(LazyReservation)).rejects.toThrow(InvalidArgumentError);
  });

  it('shows a row whose older revisions are gone from the first that is left', async () => {
    const { manager } = dataSource;
    const kept = await manager.save(manager.create(LazyReservation, { party: 1 }));
    for (const party of [2, 3, 4]) await manager.save(LazyReservation, { id: kept.id, party });
    const { items } = await history.timeline(LazyReservation, kept.id, { order: 'asc' });
    // As nothing but a prune may.
    await dataSource.query(`DELETE FROM lazy_reservation_rev WHERE id = ${kept.id} AND rev_version < 3`);
    const at = async (n: number) =>
      (await history.at(items[n]).findOneBy(LazyReservation, { id: kept.id }))?.party;
    await expect(at(0)).rejects.toThrow(InvalidArgumentError);
    expect(await at(2)).toBe(3);
    expect(await at(3)).toBe(4);
    const before = new Date(+items[2].createdAt - 1);
    expect(await history.at(before).countBy(LazyReservation, { party: 3 })).toBe(0);
  });

  it('has null in columns that are not audited, of their types', async () => {
    const { manager } = dataSource;
    const { id } = await manager.save(manager.create(LazyReservation, { party: 8 }));
    const then = history.at(new Date());
    expect(await then.findOneBy(LazyReservation, { id })).toMatchObject({
      party: 8,
      views: null,
      greeting: null,
    });
    expect(await then.countBy(LazyReservation, { views: MoreThan(2) })).toBe(0);
    expect(
      await then
        .createQueryBuilder(LazyReservation, 'r')
        .where("r.views + 1 > 2 OR r.greeting = 'now'")
        .getCount(),
    ).toBe(0);
  });

  it('has results of its own in the cache', async () => {
    const { manager } = dataSource;
    const { id } = await manager.save(manager.create(LazyReservation, { party: 5 }));
    await pause();
    const moments = [new Date()];
    await pause();
    await manager.save(LazyReservation, { id, party: 6 });
    moments.push(new Date());
    await pause();
    await manager.save(LazyReservation, { id, party: 7 });
    for (const cache of [true, { id: 'the one', milliseconds: 60_000 }, 60_000]) {
      const options = { where: { id }, cache };
      for (let round = 0; round < 2; round++) {
        expect((await manager.findOne(LazyReservation, options))?.party).toBe(7);
        for (const [n, moment] of moments.entries()) {
          expect((await history.at(moment).findOne(LazyReservation, options))?.party).toBe(5 + n);
          const page = { ...options, take: 1, relations: { guest: true } };
          const [found, count] = await history
            .at(moment)
            .findAndCount(LazyReservation, { ...page, cache: true });
          expect([found.map(({ party }) => party), count]).toEqual([[5 + n], 1]);
        }
      }
    }
  });

  it('is where listeners that hear of loaded entities are, once for each', async () => {
    const { manager } = dataSource;
    const payer = await manager.save(manager.create(Guest, { name: 'Ann' }));
    const reservation = manager.create(LazyReservation, { party: 2 });
    reservation.payer = Promise.resolve(payer);
    const { id } = await manager.save(reservation);
    const then = new Date();
    await pause();
    await manager.update(Guest, { id: payer.id }, { name: 'Eve' });
    const read = async (reader: { findOneByOrFail: EntityManager['findOneByOrFail'] }) =>
      Promise.all((await reader.findOneByOrFail(LazyReservation, { id })).loaded!);
    expect(await read(history.at(then))).toEqual(['Ann']);
    expect(await read(manager)).toEqual(['Eve']);
  });

  it('leaves what is not audited as it is', async () => {
    const longAgo = new Date(0);
    await dataSource.manager.insert(Unaudited, { id: 1 });
    expect(await history.at(longAgo).find(Unaudited)).toEqual([{ id: 1 }]);
    expect(await history.at(longAgo).find(Guest)).toEqual([]);
  });
});
