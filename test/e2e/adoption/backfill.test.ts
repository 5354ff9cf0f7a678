import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DataSource, In } from 'typeorm';
import { type AttachedAudit, attachAudit } from '../../../src/attach-audit.js';
import { MaintenanceRecord } from '../../../src/revision/maintenance-record.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { Reservation } from '../../support/entities/reservation.js';
import { Seat } from '../../support/entities/seat.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

describeDatabases('backfill of a system that runs', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let queries: QueryRecorder;
  let audit: AttachedAudit;

  beforeEach(async () => {
    database = await createDatabase(name);
    queries = new QueryRecorder();
    dataSource = await new DataSource({
      ...database.options,
      entities: [Reservation, Seat],
      synchronize: true,
      logger: queries,
    }).initialize();
    audit = attachAudit(dataSource);
  });

  afterEach(async () => {
    await dataSource?.destroy();
    await database.drop();
  });

  const rows = (count: number): string => Array.from({ length: count }, (_, n) => `(${n + 1}, 1)`).join(', ');
  const addReservations = (count: number): Promise<unknown> =>
    dataSource.query(`INSERT INTO reservation (id, party) VALUES ${rows(count)}`);
  const addSeats = (count: number): Promise<unknown> =>
    dataSource.query(
      `INSERT INTO seat (hall, place, price) VALUES ${Array.from({ length: count }, (_, n) => `('a', ${n}, 1)`).join(', ')}`,
    );
  const statementsOf = async (write: () => Promise<unknown>): Promise<string[]> => {
    queries.clear();
    await write();
    return queries.statements.filter((text) => !text.includes('audit_maintenance'));
  };
  const looksForHistory = async (write: () => Promise<unknown>): Promise<boolean> =>
    (await statementsOf(write)).some((text) => / FROM \S+reservation_rev\S+ p WHERE /.test(text));
  const restarted = (): AttachedAudit => {
    audit.detach();
    return (audit = attachAudit(dataSource));
  };

  it('ends the extra statement of a write, in this process and in the next', async () => {
    await addReservations(2000);
    const update = (party: number) => () => dataSource.getRepository(Reservation).update(7, { party });
    const first = await statementsOf(update(2));
    expect(first.filter((text) => /INSERT .*reservation_rev/.test(text)).length).toBe(2);
    const during = await statementsOf(update(3));
    await audit.maintenance.backfill();
    const after = await statementsOf(update(4));
    expect(during.length - after.length).toBe(1);
    restarted();
    await statementsOf(update(5));
    expect((await statementsOf(update(6))).length).toBe(after.length);
    await expectInvariants(dataSource);
  });

  it('is recorded as complete where all rows had a history already', async () => {
    const reservations = dataSource.getRepository(Reservation);
    await addReservations(1200);
    await reservations.update({ party: In([1, 2]) }, { party: 3 });
    const records = dataSource.getRepository(MaintenanceRecord);
    expect(await records.countBy({ entity: In(['reservation', 'public.reservation']) })).toBe(0);
    await audit.maintenance.backfill(Reservation);
    expect(await records.find()).toMatchObject([{ action: 'complete', details: {} }]);
    restarted();
    await statementsOf(() => reservations.update(1, { party: 4 }));
    expect(await looksForHistory(() => reservations.update(1, { party: 5 }))).toBe(false);
  });

  it('needs none of a table that was empty, in the next process too', async () => {
    const reservations = dataSource.getRepository(Reservation);
    await reservations.insert(Array.from({ length: 1500 }, () => ({ party: 1 })));
    restarted();
    await reservations.update(1, { party: 2 });
    expect(await looksForHistory(() => reservations.update(1, { party: 3 }))).toBe(false);
  });

  it('takes several tables at once, and no more rows per second than it may', async () => {
    await addReservations(600);
    await addSeats(600);
    expect(await audit.maintenance.estimateBackfill()).toEqual([
      { table: expect.stringContaining('reservation'), rows: 600 },
      { table: expect.stringContaining('seat'), rows: 600 },
    ]);
    const start = Date.now();
    const results = await audit.maintenance.backfill(undefined, {
      tablesAtOnce: 2,
      rowsPerSecond: 1000,
      batchSize: 100,
    });
    expect(Date.now() - start).toBeGreaterThan(1000);
    expect(results).toEqual([
      { table: expect.stringContaining('reservation'), missing: 600, stale: 0, surplus: 0 },
      { table: expect.stringContaining('seat'), missing: 600, stale: 0, surplus: 0 },
    ]);
    await expectInvariants(dataSource);
  });

  it('pauses while a transaction is old, on PostgreSQL', async () => {
    await addReservations(10);
    const limits = { maxTransactionAgeSeconds: 0.2, maxReplicaLagSeconds: 60 };
    if (name !== 'postgres') {
      await expect(audit.maintenance.backfill(undefined, limits)).rejects.toThrow(
        'maxReplicaLagSeconds is for PostgreSQL only. Leave it out.',
      );
      return;
    }
    const other = dataSource.createQueryRunner();
    await other.startTransaction();
    await other.query('SELECT 1');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const reasons: string[] = [];
    await audit.maintenance.backfill(undefined, {
      ...limits,
      onPause: async (reason) => {
        reasons.push(reason);
        expect(await dataSource.getRepository(revisionOf(Reservation)).count()).toBe(0);
        if (other.isTransactionActive) await other.rollbackTransaction();
      },
    });
    await other.release();
    expect(reasons).toEqual([expect.stringMatching(/^a transaction has been open for \d+ s$/)]);
    await expectInvariants(dataSource);
  });

  it.each([
    ['rowsPerSecond', 0, 'rowsPerSecond must be a number above 0, got 0.'],
    ['tablesAtOnce', 1.5, 'tablesAtOnce must be an integer of 1 or more, got 1.5.'],
  ])('refuses %s: %p', async (option, value, message) => {
    await expect(audit.maintenance.backfill(undefined, { [option]: value })).rejects.toThrow(message);
  });
});
