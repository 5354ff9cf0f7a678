import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Repository,
} from 'typeorm';
import { NotAuditedError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { RevisionId } from '../../../src/audited/decorators/revision-id.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited()
@Entity()
class Guest {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
  @OneToMany(() => PresetReservation, (reservation) => reservation.guest) reservations: PresetReservation[];
}

@Audited()
@Entity()
class PresetReservation {
  @PrimaryGeneratedColumn() id: number;
  @Column() party: number;
  @Column({ nullable: true, type: 'varchar' }) note: string | null = 'a default of the class';
  @Column({ default: 'secret', select: false }) pin: string = 'a default of the class';
  @NotAudited() @Column({ default: 0 }) views: number = 7;
  @ManyToOne(() => Guest) @JoinColumn({ name: 'guest_fk' }) guest: Guest;
  @ManyToOne(() => Guest) @JoinColumn({ name: 'payer_fk' }) payer: Promise<Guest>;
  @DeleteDateColumn() deletedAt: Date | null;

  describe(): string {
    return `a table for ${this.party}`;
  }
}

@Audited({ deletedState: 'last' })
@Entity()
class Voucher {
  @PrimaryGeneratedColumn() id: number;
  @Column() amount: number;
  @Column({ nullable: true, type: 'varchar' }) note: string | null;
  @RevisionId() revisionId: string | null;
}

describeDatabases('as of', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let reservations: Repository<PresetReservation>;
  let vouchers: Repository<Voucher>;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [PresetReservation, Guest, Voucher] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    reservations = dataSource.getRepository(PresetReservation);
    vouchers = dataSource.getRepository(Voucher);
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => audited.close());

  const pause = () => new Promise((resolve) => setTimeout(resolve, 3));

  it('is the entity as it was at each moment of its life', async () => {
    const before = new Date();
    await pause();
    const guest = await dataSource.getRepository(Guest).save({ name: 'Ann' });
    const reservation = await reservations.save(reservations.create({ party: 6, guest, note: null }));
    const { id } = reservation;
    const writes = [
      () => reservations.save({ id, party: 4 }),
      () => reservations.save({ id, note: 'window' }),
      () => reservations.softRemove({ id }),
      () => reservations.recover({ id }),
      async () => reservations.remove(await reservations.findOneByOrFail({ id })),
      () =>
        dataSource
          .createQueryBuilder()
          .insert()
          .into(PresetReservation, ['id', 'party'])
          .values({ id, party: 2 })
          .execute(),
    ];
    const live = async () => reservations.findOne({ where: { id }, withDeleted: true });
    const states = [await live()];
    const dates = [new Date()];
    for (const write of writes) {
      await pause();
      await write();
      states.push(await live());
      dates.push(new Date());
    }

    const revisions = (await history.timeline(PresetReservation, id, { order: 'asc' })).items;
    expect(revisions).toHaveLength(7);
    for (const [n, revision] of revisions.entries()) {
      const expected = states[n] && joined(states[n], n < 5 ? guest.id : null);
      for (const at of [dates[n], revision.createdAt, revision.version, revision])
        expect(await history.asOf(PresetReservation, id, at)).toEqual(expected);
      expect(revision.snapshot).toEqual(expected);
      const justBefore = new Date(+revision.createdAt - 1);
      expect(await history.asOf(PresetReservation, id, justBefore)).toEqual(
        n === 0 ? null : await history.asOf(PresetReservation, id, n),
      );
    }
    expect(await history.asOf(PresetReservation, id, before)).toBeNull();
    expect((await history.asOf(PresetReservation, id, 4))?.deletedAt).toEqual(expect.any(Date));
  });

  // A live row without its relations doesn't have its join columns, and the view count is not audited.
  function joined(row: PresetReservation, guestId: number | null): object {
    return expect.objectContaining({
      id: row.id,
      party: row.party,
      note: row.note,
      deletedAt: row.deletedAt,
      guest_fk: guestId,
      payer_fk: null,
    });
  }

  it('is a real instance of the entity, with nothing but what was recorded', async () => {
    const guest = await dataSource.getRepository(Guest).save({ name: 'Ann' });
    const { identifiers } = await reservations.insert({ party: 6, guest, payer: guest as never });
    const { id } = identifiers[0] as { id: number };
    // The type of a snapshot has neither methods nor relations.
    const reservation = (await history.asOf(PresetReservation, id, 1)) as unknown as PresetReservation;
    expect(reservation).toBeInstanceOf(PresetReservation);
    expect(reservation.describe()).toBe('a table for 6');
    expect({ ...reservation }).toEqual({
      id,
      party: 6,
      note: null,
      deletedAt: null,
      guest_fk: guest.id,
      payer_fk: guest.id,
    });
    expect(reservation.guest).toBeUndefined();
    expect(reservation.payer).toBeUndefined();
    expect(reservation.pin).toBeUndefined();
    expect(reservation.views).toBeUndefined();
    expect(JSON.parse(JSON.stringify(reservation))).toEqual({
      id,
      party: 6,
      note: null,
      deletedAt: null,
      guest_fk: guest.id,
      payer_fk: guest.id,
    });
  });

  it('is null without a history, and for a version that never was', async () => {
    expect(await history.asOf(PresetReservation, 999_999, new Date())).toBeNull();
    expect(await history.asOf(PresetReservation, 999_999, 1)).toBeNull();
    const { id } = await reservations.save(reservations.create({ party: 6 }));
    expect(await history.asOf(PresetReservation, id, 2)).toBeNull();
  });

  it('keeps the last state of a deleted entity where it is asked to', async () => {
    const { id } = await vouchers.save({ amount: 50, note: 'gift' });
    await vouchers.save({ id, amount: 20 });
    await vouchers.remove(await vouchers.findOneByOrFail({ id }));
    await dataSource
      .createQueryBuilder()
      .insert()
      .into(Voucher, ['id', 'amount'])
      .values({ id, amount: 20 })
      .execute();
    const { items } = await history.timeline(Voucher, id, { order: 'asc' });
    expect(items.map(({ isDelete, changes }) => ({ isDelete, changes }))).toEqual([
      {
        isDelete: false,
        changes: [
          { property: 'amount', from: null, to: 50 },
          { property: 'note', from: null, to: 'gift' },
        ],
      },
      { isDelete: false, changes: [{ property: 'amount', from: 50, to: 20 }] },
      {
        isDelete: true,
        changes: [
          { property: 'amount', from: 20, to: null },
          { property: 'note', from: 'gift', to: null },
        ],
      },
      { isDelete: false, changes: [{ property: 'amount', from: null, to: 20 }] },
    ]);
    expect(items.map(({ snapshot }) => snapshot)).toEqual([
      { id, amount: 50, note: 'gift', revisionId: items[0].id },
      { id, amount: 20, note: 'gift', revisionId: items[1].id },
      { id, amount: 20, note: 'gift', revisionId: items[2].id },
      { id, amount: 20, note: null, revisionId: items[3].id },
    ]);
    expect(items[2].snapshot).toBeInstanceOf(Voucher);
    expect(await history.asOf(Voucher, id, 3)).toBeNull();
    expect(await history.asOf(Voucher, id, items[2])).toBeNull();
    expect(await history.diff(Voucher, id, 2, 3)).toEqual(items[2].changes);
    const found = async (property: 'amount' | 'note') =>
      (await history.timeline(Voucher, id, { property })).items.map(({ version }) => version);
    expect(await found('amount')).toEqual([4, 3, 2, 1]);
    expect(await found('note')).toEqual([3, 1]);
  });

  it('gives the newest revision and each of a version', async () => {
    const { id } = await vouchers.save({ amount: 50 });
    await vouchers.save({ id, amount: 20 });
    const { items } = await history.timeline(Voucher, id);
    expect(await history.latest(Voucher, id)).toEqual(items[0]);
    expect(await history.revision(Voucher, id, 2)).toEqual(items[0]);
    expect(await history.revision(Voucher, id, 1)).toEqual(items[1]);
    expect(await history.revision(Voucher, id, 3)).toBeNull();
    expect(await history.latest(Voucher, 999_999)).toBeNull();
    expect((await vouchers.findOneByOrFail({ id })).revisionId).toBe(items[0].id);
  });

  it('gives the difference of any two versions', async () => {
    const { id } = await vouchers.save({ amount: 50, note: 'gift' });
    await vouchers.save({ id, amount: 20 });
    await vouchers.save({ id, amount: 50, note: 'spent' });
    await vouchers.remove(await vouchers.findOneByOrFail({ id }));
    expect(await history.diff(Voucher, id, 1, 3)).toEqual([{ property: 'note', from: 'gift', to: 'spent' }]);
    expect(await history.diff(Voucher, id, 3, 1)).toEqual([{ property: 'note', from: 'spent', to: 'gift' }]);
    expect(await history.diff(Voucher, id, 2, 2)).toEqual([]);
    expect(await history.diff(Voucher, id, 4, 2)).toEqual([
      { property: 'amount', from: null, to: 20 },
      { property: 'note', from: null, to: 'gift' },
    ]);
  });

  it.each([
    [1, 9, 'to', 'to must be a version of Voucher 1, got 9.'],
    [8, 1, 'from', 'from must be a version of Voucher 1, got 8.'],
    [0, 1, 'from', 'from must be a version, an integer from 1 to 2147483647, got 0.'],
    [1, 1.5, 'to', 'to must be a version, an integer from 1 to 2147483647, got 1.5.'],
    [1, '1' as unknown as number, 'to', 'to must be a version, an integer from 1 to 2147483647, got 1.'],
    [1, 2 ** 31, 'to', 'to must be a version, an integer from 1 to 2147483647, got 2147483648.'],
  ])('refuses the difference of versions %p and %p', async (from, to, argument, message) => {
    if (!(await history.latest(Voucher, 1))) await vouchers.save({ amount: 1 });
    const refusal = history.diff(Voucher, 1, from, to);
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toMatchObject({ argument });
  });

  it.each([
    ['0', 0],
    ['an invalid Date', new Date(NaN)],
    ['text', '2015-04-03'],
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
  ])('refuses %s as a moment', async (_, at) => {
    await expect(history.asOf(Voucher, 1, at as number)).rejects.toMatchObject({ argument: 'at' });
  });

  it('refuses a wrong version', async () => {
    await expect(history.revision(Voucher, 1, -1)).rejects.toMatchObject({ argument: 'version' });
  });

  it('refuses what is not audited', async () => {
    class Unknown {}
    await expect(history.asOf(Unknown, 1, 1)).rejects.toThrow(NotAuditedError);
    await expect(history.latest(Unknown, 1)).rejects.toThrow(NotAuditedError);
    await expect(history.revision(Unknown, 1, 1)).rejects.toThrow(NotAuditedError);
    await expect(history.diff(Unknown, 1, 1, 2)).rejects.toThrow(NotAuditedError);
  });
});
