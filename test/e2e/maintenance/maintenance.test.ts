import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  type AttachedAudit,
  attachAudit,
  AuditContext,
  Audited,
  AuditMaintenance,
  AuditModule,
  type AuditOptions,
  type CatchUpResult,
  HistoryService,
  type MaintenanceOptions,
  MaintenanceRecord,
  RevisionId,
  revisionOf,
} from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, JoinTable, ManyToMany, Not, PrimaryGeneratedColumn } from 'typeorm';
import { Seat } from '../../support/entities/seat.js';
import { Tag } from '../../support/entities/tag.js';
import { dataSourceOf, sqlite, startApp } from '../../support/http/app.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited({ deletedState: 'last' })
@Entity()
class PersonalReservation {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ type: 'int' })
  party: number;

  @Column({ type: 'varchar', nullable: true })
  email: string | null;

  @Column({ type: 'varchar', nullable: true, select: false })
  phone: string | null;

  @RevisionId()
  revisionId: string | null;

  @ManyToMany(() => Tag)
  @JoinTable({ name: 'reservation_tag' })
  tags: Tag[];
}

describeDatabases('AuditMaintenance', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let audit: AttachedAudit;

  beforeEach(async () => {
    database = await createDatabase(name);
    dataSource = await new DataSource({
      ...database.options,
      entities: [PersonalReservation, Seat, Tag],
      synchronize: true,
    }).initialize();
    attach();
  });

  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  function attach(options: AuditOptions = {}): void {
    audit = attachAudit(dataSource, options);
  }

  const as = <T>(actor: string, fn: () => Promise<T>): Promise<T> =>
    audit.context.run({ actor, reason: `${actor}'s reason` }, fn);
  const escape = (identifier: string): string => dataSource.driver.escape(identifier);
  const records = (): Promise<MaintenanceRecord[]> =>
    dataSource
      .getRepository(MaintenanceRecord)
      .find({ where: { action: Not('complete') }, order: { id: 'ASC' } });

  /** Writes past the library, as another program would. */
  const raw = (sql: string): Promise<unknown> => dataSource.query(sql);

  async function withoutHistory(rows: number, halls = 3): Promise<void> {
    for (let at = 0; at < rows; at += 5000) {
      const values = Array.from({ length: Math.min(5000, rows - at) }, (_, n) => {
        const number = at + n;
        return `('h${number % halls}', ${Math.floor(number / halls)}, ${number})`;
      });
      await raw(`INSERT INTO seat (hall, place, price) VALUES ${values.join(', ')}`);
    }
  }

  it('backfills a baseline for rows that have no history, and only for them', async () => {
    await raw(`INSERT INTO personal_reservation (party) VALUES (1), (2), (3)`);
    await raw(`INSERT INTO tag (name) VALUES ('x')`);
    await raw(`INSERT INTO reservation_tag VALUES (1, 'x')`);
    await withoutHistory(10);
    await dataSource.getRepository(PersonalReservation).save({ id: 2, party: 4 });

    const dry = await audit.maintenance.backfill(undefined, { dryRun: true });
    const written = await as('ops', () => audit.maintenance.backfill());
    expect(dry).toEqual(written);
    const byTable = (left: { table: string }, right: { table: string }): number =>
      left.table < right.table ? -1 : 1;
    expect([...written].sort(byTable)).toEqual([
      { table: expect.stringContaining('personal_reservation'), missing: 2, stale: 0, surplus: 0 },
      { table: expect.stringContaining('reservation_tag'), missing: 1, stale: 0, surplus: 0 },
      { table: expect.stringContaining('seat'), missing: 10, stale: 0, surplus: 0 },
      { table: expect.stringContaining('tag'), missing: 1, stale: 0, surplus: 0 },
    ]);
    expect(await audit.history.latest(PersonalReservation, 1)).toMatchObject({
      version: 1,
      operation: 'baseline',
      actor: 'ops',
      snapshot: { id: 1, party: 1 },
    });
    expect(await audit.history.latest(PersonalReservation, 2)).toMatchObject({
      version: 2,
      operation: 'update',
    });
    expect((await audit.maintenance.backfill()).map(({ missing }) => missing)).toEqual([0, 0, 0, 0]);
    expect(await records()).toMatchObject(
      written.map(({ table, missing }) => ({
        actor: 'ops',
        reason: "ops's reason",
        action: 'backfill',
        entity: table,
        key: null,
        details: { missing },
      })),
    );
    const reservation = await dataSource.getRepository(PersonalReservation).findOneByOrFail({ id: 1 });
    expect(reservation.revisionId).toBe((await audit.history.latest(PersonalReservation, 1))!.id);
    await expectInvariants(dataSource);
  });

  it('backfills many rows while writers go on, stopped half-way and gone on with, no row twice', async () => {
    const ROWS = process.env.LONG_TESTS === 'true' ? 100_000 : 20_000;
    await withoutHistory(ROWS);
    const seats = dataSource.getRepository(Seat);
    let isOver = false;
    let writes = 0;
    const writer = async (seed: number): Promise<void> => {
      for (let n = seed; !isOver; n = (n * 7919 + 13) % ROWS) {
        const seat = { hall: `h${n % 3}`, place: Math.floor(n / 3) };
        if (n % 4 === 0) await seats.delete(seat);
        else if (n % 4 === 1) await seats.update(seat, { price: () => 'price + 1' });
        else if (n % 4 === 2) await seats.upsert({ ...seat, price: n }, ['hall', 'place']);
        else await seats.save({ hall: 'new', place: n + writes, price: n });
        writes++;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const writers = (name === 'sqlite' ? [11] : [11, 22, 33, 44]).map(writer);

    const stop = new Error('stopped half-way');
    const onProgress = ({ done }: { done: number }): void => {
      if (done >= ROWS / 2) throw stop;
    };
    const backfill = (onProgress: MaintenanceOptions['onProgress']): Promise<CatchUpResult[]> =>
      as('ops', () => audit.maintenance.backfill(Seat, { onProgress }));
    await expect(backfill(onProgress)).rejects.toBe(stop);
    // The writers' own baselines have no actor.
    const half = await dataSource.getRepository(revisionOf(Seat)).countBy({ revActor: 'ops' });
    expect(half).toBeGreaterThan(ROWS / 4);
    expect((await records()).map(({ details }) => details.missing)).toEqual([half]);

    const progress: { done: number; total?: number }[] = [];
    const [{ missing }] = await backfill((made) => void progress.push(made));
    isOver = true;
    await Promise.all(writers);
    expect(progress.length).toBeGreaterThan(ROWS / 1000 - 10);
    expect(progress.at(-1)!.done).toBe(progress.at(-1)!.total);
    expect(writes).toBeGreaterThan(20);
    const [{ baselines, rows }] = await dataSource.query<{ baselines: number; rows: number }[]>(
      `SELECT count(*) AS baselines, count(DISTINCT concat(hall, ' ', place)) AS ${escape('rows')} FROM seat_rev WHERE rev_operation = 'baseline'`,
    );
    expect(await dataSource.getRepository(revisionOf(Seat)).countBy({ revActor: 'ops' })).toBe(
      half + missing,
    );
    expect(Number(baselines)).toBeGreaterThan(half + missing);
    expect(Number(rows)).toBe(Number(baselines));
    expect(await audit.maintenance.verify(Seat)).toMatchObject({ ok: true, findings: [] });
    // The invariants join whole tables, which PostgreSQL plans badly before it knows their sizes.
    if (name === 'postgres') await dataSource.query('ANALYZE');
    await expectInvariants(dataSource);
  }, 240_000);

  it('verifies: names each kind of difference with its table and keys', async () => {
    const seats = dataSource.getRepository(Seat);
    for (let place = 1; place <= 6; place++) {
      await seats.save({ hall: 'a', place, price: 1 });
      await seats.save({ hall: 'a', place, price: 2 });
      await seats.save({ hall: 'a', place, price: 3 });
    }
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
    await raw(`INSERT INTO seat (hall, place, price) VALUES ('b', 1, 1), ('b', 2, 1), ('b', 3, 1)`);
    await raw(`UPDATE seat SET price = 4 WHERE hall = 'a' AND place = 1`);
    await raw(`DELETE FROM seat WHERE hall = 'a' AND place = 2`);
    await raw(`DELETE FROM seat_rev WHERE place = 3 AND rev_version = 2 AND hall = 'a'`);
    await raw(`UPDATE seat_rev SET rev_created = 1 WHERE place = 4 AND rev_version = 3`);
    await seats.delete({ hall: 'a', place: 5 });
    await raw(`INSERT INTO seat (hall, place, price) VALUES ('a', 5, 1)`);
    const report = await audit.maintenance.verify(Seat, { limit: 2, batchSize: 2 });
    const table = expect.stringContaining('seat');
    expect(report).toEqual({
      ok: false,
      isComplete: true,
      findings: [
        {
          table,
          kind: 'missing',
          count: 3,
          keys: [
            { hall: 'b', place: 1 },
            { hall: 'b', place: 2 },
          ],
        },
        {
          table,
          kind: 'stale',
          count: 2,
          keys: [
            { hall: 'a', place: 1 },
            { hall: 'a', place: 5 },
          ],
        },
        { table, kind: 'surplus', count: 1, keys: [{ hall: 'a', place: 2 }] },
        { table, kind: 'gap', count: 1, keys: [{ hall: 'a', place: 3 }] },
        { table, kind: 'order', count: 1, keys: [{ hall: 'a', place: 4 }] },
      ],
      tables: [{ table, rows: 8, histories: 6 }],
    });
  });

  it('verifies that a revision table is as its entity wants it', async () => {
    // A column that the entity has no more: it keeps its history.
    await raw(`ALTER TABLE seat_rev ADD COLUMN stranger int`);
    expect((await audit.maintenance.verify(Seat)).findings).toEqual([]);
    await raw(`ALTER TABLE seat_rev DROP COLUMN price`);
    expect(await audit.maintenance.verify(Seat)).toEqual({
      ok: false,
      isComplete: true,
      findings: [
        {
          table: expect.stringContaining('seat'),
          kind: 'schema',
          count: 1,
          keys: [{ column: 'price', problem: 'is missing' }],
        },
      ],
      tables: [],
    });
    await raw('DROP TABLE seat_rev');
    expect((await audit.maintenance.verify(Seat)).findings[0].keys).toEqual([
      { column: '*', problem: 'is missing' },
    ]);
  });

  it('reconciles what others wrote', async () => {
    const seats = dataSource.getRepository(Seat);
    await seats.insert([1, 2, 3, 4].map((place) => ({ hall: 'a', place, price: 1 })));
    await seats.delete({ hall: 'a', place: 4 });
    await raw(`INSERT INTO seat (hall, place, price) VALUES ('a', 4, 1), ('b', 1, 1)`);
    await raw(`UPDATE seat SET price = 9 WHERE place = 1 AND hall = 'a'`);
    await raw(`DELETE FROM seat WHERE place = 2`);
    const dry = await audit.maintenance.reconcile(Seat, { dryRun: true });
    const written = await as('ops', () => audit.maintenance.reconcile(Seat));
    expect(written).toEqual([{ table: expect.stringContaining('seat'), missing: 1, stale: 2, surplus: 1 }]);
    expect(dry).toEqual(written);
    const last = async (hall: string, place: number): Promise<unknown> =>
      (await audit.history.latest(Seat, { hall, place }))!.operation;
    expect(await Promise.all([last('b', 1), last('a', 1), last('a', 4), last('a', 2), last('a', 3)])).toEqual(
      ['baseline', 'update', 'insert', 'delete', 'insert'],
    );
    expect(await records()).toMatchObject([
      { action: 'reconcile', actor: 'ops', details: { missing: 1, stale: 2, surplus: 1 } },
    ]);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true });
    await expectInvariants(dataSource);
  });

  it('prunes to the newest revisions, and counts them first', async () => {
    const reservations = dataSource.getRepository(PersonalReservation);
    const { id } = await reservations.save({ party: 0 });
    for (let party = 1; party < 10; party++) await reservations.save({ id, party });
    const short = await reservations.save({ party: 1 });
    const keep = { keep: 3, batchSize: 2 };
    expect((await audit.maintenance.prune(PersonalReservation, { ...keep, dryRun: true }))[0].removed).toBe(
      7,
    );
    expect(await as('ops', () => audit.maintenance.prune(PersonalReservation, keep))).toEqual([
      { table: expect.stringContaining('personal_reservation'), removed: 7 },
      { table: expect.stringContaining('reservation_tag'), removed: 0 },
    ]);
    expect(
      (await audit.history.timeline(PersonalReservation, id)).items.map(({ version }) => version),
    ).toEqual([10, 9, 8]);
    expect((await audit.history.latest(PersonalReservation, short.id))!.version).toBe(1);
    expect(await records()).toMatchObject([
      { action: 'prune', actor: 'ops', details: { keep: 3, removed: 7 } },
    ]);
    await expectInvariants(dataSource);
  });

  it('counts versions on after a prune, whatever writes next', async () => {
    const seats = dataSource.getRepository(Seat);
    const seat = { hall: 'a', place: 1 };
    for (let price = 1; price <= 5; price++) await seats.save({ ...seat, price });
    await audit.maintenance.prune(Seat, { keep: 1 });
    await seats.upsert({ ...seat, price: 6 }, ['hall', 'place']);
    await seats.delete(seat);
    await seats.insert({ ...seat, price: 7 });
    await seats.delete(seat);
    await seats.save({ ...seat, price: 8 });
    expect((await audit.history.latest(Seat, seat))!.version).toBe(10);
    await expectInvariants(dataSource);
  });

  it('prunes what is older than a date, and reads from then on answer as before', async () => {
    const seats = dataSource.getRepository(Seat);
    const moments: Date[] = [];
    const all = Array.from({ length: 12 }, (_, place) => ({ hall: 'a', place }));
    for (let round = 0; round < 8; round++) {
      for (const [n, seat] of all.entries())
        if ((n + round) % 5 === 4) await seats.delete(seat);
        else await seats.upsert({ ...seat, price: n * 100 + round }, ['hall', 'place']);
      await new Promise((resolve) => setTimeout(resolve, 3));
      moments.push(new Date());
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await seats.delete({ place: 11 });
    const answers = (from: number): Promise<unknown[]> =>
      Promise.all(moments.slice(from).flatMap((at) => all.map((seat) => audit.history.asOf(Seat, seat, at))));
    const before = await answers(4);
    expect(before.filter(Boolean).length).toBeGreaterThan(20);

    const options = { olderThan: moments[4], batchSize: 5 };
    const [{ removed }] = await audit.maintenance.prune(Seat, { ...options, dryRun: true });
    expect(await audit.maintenance.prune(Seat, options)).toEqual([
      { table: expect.stringContaining('seat'), removed },
    ]);
    expect(removed).toBeGreaterThan(30);
    expect(await answers(4)).toEqual(before);
    expect(await audit.maintenance.prune(Seat, options)).toMatchObject([{ removed: 0 }]);
    expect(await audit.maintenance.verify(Seat)).toMatchObject({ ok: true });
    await expectInvariants(dataSource);
  });

  it('prunes what both options let go', async () => {
    const seats = dataSource.getRepository(Seat);
    const seat = { hall: 'a', place: 1 };
    for (let price = 0; price < 5; price++) await seats.save({ ...seat, price });
    await new Promise((resolve) => setTimeout(resolve, 3));
    const olderThan = new Date();
    expect(await audit.maintenance.prune(Seat, { keep: 4, olderThan })).toMatchObject([{ removed: 1 }]);
    expect(await audit.maintenance.prune(Seat, { olderThan })).toMatchObject([{ removed: 3 }]);
    await expectInvariants(dataSource);
  });

  it('keeps the delete of a key in a prune, and counts on when the key comes back', async () => {
    const seats = dataSource.getRepository(Seat);
    const places = [1, 2, 3, 4, 5];
    const seat = (place: number) => ({ hall: 'a', place });
    for (const price of [1, 2, 3]) await seats.save(places.map((place) => ({ ...seat(place), price })));
    for (const place of places) await seats.delete(seat(place));
    await new Promise((resolve) => setTimeout(resolve, 3));
    const olderThan = new Date();
    expect(await audit.maintenance.prune(Seat, { olderThan })).toMatchObject([{ removed: 5 * 3 }]);
    expect((await audit.history.timeline(Seat, seat(1))).items).toMatchObject([
      { version: 4, operation: 'delete' },
    ]);
    await seats.insert({ ...seat(1), price: 9 });
    await seats.save({ ...seat(2), price: 9 });
    await seats.upsert({ ...seat(3), price: 9 }, ['hall', 'place']);
    await seats.insert([4, 5].map((place) => ({ ...seat(place), price: 9 })));
    for (const place of places)
      expect((await audit.history.timeline(Seat, seat(place))).items).toMatchObject([
        { version: 5, operation: 'insert', snapshot: { price: 9 } },
        { version: 4, operation: 'delete' },
      ]);
    await expectInvariants(dataSource);
  });

  it('erases columns from history, from select: false ones too, and leaves a record', async () => {
    const reservations = dataSource.getRepository(PersonalReservation);
    const { id } = await as('guest', () => reservations.save({ party: 1, email: 'steve@x', phone: '1' }));
    await reservations.update(id, { email: 'stephen@x', phone: '2' });
    await reservations.update(id, { email: 'erased', phone: null });
    await reservations.update(id, { party: 2 });
    const options = { columns: ['email', 'phone', 'revActor', 'revReason'], batchSize: 1 } as const;
    expect(
      await audit.maintenance.erase(PersonalReservation, id, { ...options, dryRun: true }),
    ).toMatchObject({
      erased: 3,
      kept: 4,
    });
    expect(await as('dpo', () => audit.maintenance.erase(PersonalReservation, id, options))).toEqual({
      table: expect.stringContaining('personal_reservation'),
      erased: 3,
      kept: 4,
      remaining: ['email'],
    });
    const rows = await dataSource.query<object[]>(
      'SELECT * FROM personal_reservation_rev ORDER BY rev_version',
    );
    expect(rows).toMatchObject([
      { party: 1, email: null, phone: null, rev_actor: null },
      { party: 1, email: null, phone: null },
      { party: 1, email: null, phone: null },
      { party: 2, email: 'erased', phone: null },
    ]);
    expect(JSON.stringify(rows)).not.toContain('@x');
    expect((await audit.history.asOf(PersonalReservation, id, 1))!.email).toBeNull();
    expect(await records()).toMatchObject([
      {
        action: 'erase',
        actor: 'dpo',
        reason: "dpo's reason",
        entity: expect.stringContaining('personal_reservation'),
        key: { id },
        details: { columns: ['email', 'phone', 'revActor', 'revReason'], erased: 3, kept: 4 },
      },
    ]);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true });
    await expectInvariants(dataSource, { erased: true });
  });

  it('erases the whole history of a deleted entity, and of a live one all but the row itself', async () => {
    const seats = dataSource.getRepository(Seat);
    const [gone, live] = [1, 2].map((place) => ({ hall: 'a', place }));
    for (const seat of [gone, live])
      for (let price = 0; price < 3; price++) await seats.save({ ...seat, price });
    await seats.delete(gone);
    expect(await audit.maintenance.erase(Seat, gone)).toMatchObject({ erased: 4, kept: null, remaining: [] });
    expect(await audit.maintenance.erase(Seat, live)).toMatchObject({ erased: 2, kept: 3 });
    expect((await audit.history.timeline(Seat, gone)).items).toEqual([]);
    expect((await audit.history.timeline(Seat, live)).items).toMatchObject([
      { version: 3, snapshot: { price: 2 } },
    ]);
    expect((await records()).map(({ key, details }) => ({ key, ...details }))).toEqual([
      { key: gone, columns: null, erased: 4, kept: null },
      { key: live, columns: null, erased: 2, kept: 3 },
    ]);
    await seats.save({ ...live, price: 9 });
    await seats.save({ ...gone, price: 9 });
    await expectInvariants(dataSource);
  });

  it('refuses what would do harm, and says why', async () => {
    const seats = dataSource.getRepository(Seat);
    const seat = { hall: 'a', place: 1 };
    await seats.save({ ...seat, price: 1 });
    const { maintenance } = audit;
    const writes: ((options: object) => Promise<unknown>)[] = [
      (options) => maintenance.backfill(Seat, options),
      (options) => maintenance.reconcile(Seat, options),
      (options) => maintenance.prune(Seat, { keep: 1, ...options }),
      (options) => maintenance.erase(Seat, seat, options),
    ];
    const verify = (options: object) => maintenance.verify(Seat, options);
    for (const run of [verify, ...writes]) {
      await expect(run({ batchSize: 0 })).rejects.toThrow(
        'batchSize must be an integer of 1 or more, got 0.',
      );
      await expect(run({ onProgress: true })).rejects.toMatchObject({ argument: 'onProgress' });
    }
    for (const run of writes)
      await expect(run({ dryRun: 'no' })).rejects.toMatchObject({ argument: 'dryRun' });
    await expect(maintenance.verify(Seat, { limit: 0.5 })).rejects.toMatchObject({ argument: 'limit' });
    await expect(maintenance.prune(Seat, {})).rejects.toMatchObject({ argument: 'keep' });
    await expect(maintenance.prune(Seat, { keep: 0 })).rejects.toMatchObject({ argument: 'keep' });
    await expect(maintenance.prune(Seat, { olderThan: new Date('x') })).rejects.toMatchObject({
      argument: 'olderThan',
    });
    await expect(maintenance.erase(Seat, { hall: 'a', place: 2 })).rejects.toMatchObject({ argument: 'id' });
    await expect(maintenance.erase(Seat, seat, { columns: ['hall'] })).rejects.toMatchObject({
      argument: 'columns',
    });
    await expect(maintenance.erase('Seat', seat, { columns: ['pricee'] })).rejects.toThrow(
      'They are price, revActor',
    );
    await expect(maintenance.erase(Seat, seat, { columns: [] })).rejects.toMatchObject({
      argument: 'columns',
    });
    await raw('UPDATE seat SET price = 2');
    await expect(maintenance.erase(Seat, seat)).rejects.toThrow(
      'This Seat differs from its newest revision, which stays for it. Call reconcile() first.',
    );
    expect(await records()).toEqual([]);
    audit.detach();
    attach({ requireActor: true });
    await expect(audit.maintenance.backfill()).rejects.toThrow('has no actor');
  });

  it('keeps its records from being changed through the ORM', async () => {
    await raw(`INSERT INTO seat (hall, place, price) VALUES ('a', 1, 1)`);
    await audit.maintenance.backfill(Seat);
    const repository = dataSource.getRepository(MaintenanceRecord);
    const [record] = await repository.find();
    await expect(repository.update(record.id, { actor: 'forged' })).rejects.toThrow('append-only');
    await expect(repository.remove(record)).rejects.toThrow('append-only');
    const forged = { ...record, id: '018f0000-0000-7000-8000-000000000000' };
    await expect(repository.save(forged)).rejects.toThrow("can't be inserted");
    await expect(repository.insert(forged as never)).rejects.toThrow("can't be inserted");
  });
});

it('is injected, of the default data source by its class', async () => {
  const app = await startApp({ imports: [sqlite([Seat]), AuditModule.forRoot()] });
  try {
    await dataSourceOf(app).query(`INSERT INTO seat (hall, place, price) VALUES ('a', 1, 1)`);
    const context = app.get(AuditContext);
    await context.run({ actor: 'ops' }, () => app.get(AuditMaintenance).backfill());
    expect(await app.get(HistoryService).latest(Seat, { hall: 'a', place: 1 })).toMatchObject({
      actor: 'ops',
    });
  } finally {
    await app.close();
  }
});
