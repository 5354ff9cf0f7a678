import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  Audited,
  AuditEvent,
  InvalidArgumentError,
  type HistoryRename,
  MaintenanceRecord,
  renameHistory,
  Shape,
} from 'nestjs-typeorm-audit';
import {
  Column,
  type DataSourceOptions,
  Entity,
  type MigrationInterface,
  PrimaryGeneratedColumn,
  type QueryRunner,
} from 'typeorm';
import { expectKept, storedIn, type Version, Versions } from '../../support/evolution/by-hand.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Audited({ indexes: 'copy' })
@Entity()
class Booking {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40, unique: true }) name: string;
  @Column({ type: 'int', nullable: true }) party: number | null;
}

@Audited({ indexes: 'copy' })
@Entity()
class Reservation {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40, unique: true }) name: string;
  @Column({ type: 'int', nullable: true }) party: number | null;
}

class Rename1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner) {
    await queryRunner.renameTable('booking', 'reservation');
    await renameHistory(queryRunner, { from: 'booking', to: 'reservation' });
  }
  async down(queryRunner: QueryRunner) {
    await queryRunner.renameTable('reservation', 'booking');
    await renameHistory(queryRunner, { from: 'reservation', to: 'booking' });
  }
}

describeDatabases('A history goes with a table that is renamed by hand', (name) => {
  let database: TestDatabase;
  let versions: Versions;
  beforeEach(async () => {
    database = await createDatabase(name, { file: true });
    versions = new Versions(database);
  });
  afterEach(async () => {
    await versions.end();
    await database.drop();
  });

  /** A version that has written three rows: one is changed, one deleted. */
  const booked = async (
    entity: new () => Booking = Booking,
    options: Partial<DataSourceOptions> = {},
  ): Promise<Version> => {
    const version = await versions.start([entity], { synchronize: true, ...options });
    const { dataSource, audit } = version;
    const bookings = dataSource.getRepository(entity);
    await audit.context.run({ actor: 'ann', reason: 'phone' }, async () => {
      await bookings.insert([{ name: 'Steve', party: 6 }, { name: 'Bea' }, { name: 'Max', party: 1 }]);
      await bookings.update(1, { party: 4 });
      await bookings.delete(3);
    });
    const { tablePath } = dataSource.getMetadata(entity);
    await audit.log.record({ action: 'booking.call' });
    await dataSource.query(`UPDATE audit_event SET entity = '${tablePath}'`);
    return version;
  };

  /** Reads the history through the API. */
  const expectHistory = async ({ audit, dataSource }: Version, entity: new () => Booking): Promise<void> => {
    const { history } = audit;
    const { items } = await history.timeline(entity, 1);
    const first = items.at(-1)!;
    expect(first).toMatchObject({ operation: 'insert', actor: 'ann', snapshot: { name: 'Steve', party: 6 } });
    expect(await history.diff(entity, 1, 1, 2)).toEqual([{ property: 'party', from: 6, to: 4 }]);
    expect(await history.at(first).find(entity, { order: { id: 'ASC' } })).toMatchObject([
      { name: 'Steve', party: 6 },
      { name: 'Bea', party: null },
      { name: 'Max', party: 1 },
    ]);
    expect(await history.restore(entity, 3, 1, { dryRun: true })).toMatchObject({
      snapshot: { name: 'Max' },
    });
    const { tableName } = dataSource.getMetadata(entity);
    const ofAnn = await history.feed({ actor: 'ann', operation: 'insert' });
    expect(ofAnn.items.map(({ entity: of }) => of)).toEqual([tableName, tableName, tableName]);
  };

  /** The names of the indices and constraints of a table. */
  const partsOf = async ({ dataSource }: Version, table: string): Promise<string[]> => {
    const queryRunner = dataSource.createQueryRunner();
    try {
      const { indices, primaryColumns } = (await queryRunner.getTable(table))!;
      return [...indices.map(({ name }) => name!), primaryColumns[0].primaryKeyConstraintName ?? ''].sort();
    } finally {
      await queryRunner.release();
    }
  };

  it('up, down and up again', async () => {
    const first = await booked();
    const recorded = await storedIn(first, 'booking_rev');
    const parts = await partsOf(first, 'booking_rev');
    await versions.migrate([Reservation], Rename1700000000001);
    const second = await versions.start([Reservation]);
    await expectKept(second, 'reservation_rev', recorded);
    await expectHistory(second, Reservation);
    expect(await second.dataSource.getRepository(AuditEvent).find()).toMatchObject([
      { entity: 'reservation' },
    ]);
    expect(
      await second.dataSource.getRepository(MaintenanceRecord).find({ order: { id: 'ASC' } }),
    ).toMatchObject([
      { action: 'complete', entity: 'reservation' },
      { action: 'rename', entity: 'reservation', details: { from: 'booking' } },
    ]);

    // A write that changes nothing adds nothing, and the next one lists only what it changed.
    const rows = second.dataSource.getRepository(Reservation);
    await rows.update(2, { name: 'Bea' });
    await rows.update(2, { party: 2 });
    expect((await second.audit.history.timeline(Reservation, 2)).items).toMatchObject([
      { version: 2, changes: [{ property: 'party', from: null, to: 2 }] },
      { version: 1 },
    ]);
    const more = await storedIn(second, 'reservation_rev');

    await versions.migrate([Reservation], Rename1700000000001, 'down');
    const third = await versions.start([Booking]);
    await expectKept(third, 'booking_rev', more);
    await expectHistory(third, Booking);
    expect(await partsOf(third, 'booking_rev')).toEqual(parts);
    await versions.migrate([Reservation], Rename1700000000001);
    const last = await versions.start([Reservation]);
    await expectKept(last, 'reservation_rev', more);
    await expectHistory(last, Reservation);
  });

  it('leaves its name to a new table', async () => {
    const recorded = await storedIn(await booked(), 'booking_rev');
    await versions.migrate([Reservation], Rename1700000000001);
    const both = await versions.start([Reservation, Booking], { synchronize: true });
    await both.dataSource.getRepository(Booking).insert({ name: 'Ida' });
    expect((await both.audit.history.timeline(Booking, 1)).items).toMatchObject([
      { version: 1, actor: null },
    ]);
    await expectKept(both, 'reservation_rev', recorded);
    await expectHistory(both, Reservation);
    expect(await partsOf(both, 'booking_rev')).toHaveLength((await partsOf(both, 'reservation_rev')).length);
  });

  it('takes the place of tables that an instance or a migration has made too early', async () => {
    const recorded = await storedIn(await booked(), 'booking_rev');
    // A generated migration creates the tables of the new name, and an instance that starts registers its shape.
    const early = await versions.start([Reservation], { synchronize: true });
    await early.audit.checkTables();
    await early.dataSource.query('DROP TABLE reservation');
    await versions.migrate([Reservation], Rename1700000000001);
    const version = await versions.start([Reservation]);
    await expectKept(version, 'reservation_rev', recorded);
    await expectHistory(version, Reservation);
    expect(await version.dataSource.getRepository(Shape).find()).toMatchObject([{ name: 'reservation' }]);
  });

  it('goes on where an attempt has ended after a commit', async () => {
    const recorded = await storedIn(await booked(), 'booking_rev');
    await versions.migrate([Reservation], Rename1700000000001);
    const half = await versions.start([Reservation]);
    await half.dataSource.query('ALTER TABLE reservation_rev RENAME TO booking_rev');
    const queryRunner = half.dataSource.createQueryRunner();
    await renameHistory(queryRunner, { from: 'booking', to: 'reservation' });
    await queryRunner.release();
    const version = await versions.start([Reservation]);
    await expectKept(version, 'reservation_rev', recorded);
    await expectHistory(version, Reservation);
  });

  it('keeps the name of a revision table that has one of its own', async () => {
    @Audited({ tableName: 'booking_history' })
    @Entity('booking')
    class Before extends Booking {}
    @Audited({ tableName: 'booking_history' })
    @Entity('reservation')
    class After extends Booking {}
    class Rename1700000000001 implements MigrationInterface {
      async up(queryRunner: QueryRunner) {
        await queryRunner.renameTable('booking', 'reservation');
        const revisions = { from: 'booking_history', to: 'booking_history' };
        await renameHistory(queryRunner, { from: 'booking', to: 'reservation', revisions });
      }
      async down() {}
    }
    const recorded = await storedIn(await booked(Before), 'booking_history');
    await versions.migrate([After], Rename1700000000001);
    const version = await versions.start([After]);
    await expectKept(version, 'booking_history', recorded);
    await expectHistory(version, After);
  });

  it('refuses what would lose or mix histories, with the remedy', async () => {
    let { dataSource } = await booked();
    const attempt = async (rename: object): Promise<string> => {
      const queryRunner = dataSource.createQueryRunner();
      const error = await renameHistory(queryRunner, rename as HistoryRename).catch((error: Error) => error);
      await queryRunner.release();
      expect(error).toBeInstanceOf(InvalidArgumentError);
      return (error as Error).message;
    };
    expect(await attempt({ from: 'boking', to: 'reservation' })).toMatch(
      /^from must be a table with a history, and "boking_rev" does not exist\. Give the audited table's name as it was/,
    );
    expect(await attempt({ from: 'booking', to: 'booking' })).toMatch(/^to must be another name than from/);
    expect(await attempt({ from: 'booking' })).toBe('to must be the name of a table, got undefined.');
    expect(await attempt({ from: 'booking', to: 'x', revisions: { from: '', to: 'y' } })).toBe(
      'revisions.from must be the name of a table, got "".',
    );
    const both = await versions.start([Reservation, Booking], { synchronize: true });
    ({ dataSource } = both);
    await dataSource.getRepository(Reservation).insert({ name: 'Ida' });
    const recorded = await storedIn(both, 'booking_rev');
    expect(await attempt({ from: 'booking', to: 'reservation' })).toBe(
      'to must be a table without a history, and "reservation_rev" has revisions. Rename that history first.',
    );
    await dataSource.query('DROP TABLE reservation_rev');
    expect(await attempt({ from: 'booking', to: 'reservation' })).toMatch(
      /^to must be a table without a history, and audit_changeset has rows of "reservation"\. If they are of a table/,
    );
    const kept = await versions.start([Booking]);
    await expectKept(kept, 'booking_rev', recorded);
    await expectHistory(kept, Booking);
  });

  (name === 'postgres' ? it : it.skip)('that moves to another schema, and back', async () => {
    @Audited({ indexes: 'copy' })
    @Entity('stay', { schema: 'hotel' })
    class Stay extends Booking {}
    class Move1700000000001 implements MigrationInterface {
      async up(queryRunner: QueryRunner) {
        await queryRunner.createSchema('hotel', true);
        await queryRunner.query('ALTER TABLE booking SET SCHEMA hotel');
        await queryRunner.renameTable('hotel.booking', 'stay');
        await renameHistory(queryRunner, { from: 'booking', to: 'hotel.stay' });
      }
      async down(queryRunner: QueryRunner) {
        await queryRunner.renameTable('hotel.stay', 'booking');
        await queryRunner.query('ALTER TABLE hotel.booking SET SCHEMA public');
        await renameHistory(queryRunner, { from: 'hotel.stay', to: 'booking' });
      }
    }
    const first = await booked();
    const recorded = await storedIn(first, 'booking_rev');
    const parts = await partsOf(first, 'booking_rev');
    await versions.migrate([Stay], Move1700000000001);
    const second = await versions.start([Stay]);
    await expectKept(second, 'hotel.stay_rev', recorded);
    await expectHistory(second, Stay);
    await versions.migrate([Stay], Move1700000000001, 'down');
    const third = await versions.start([Booking]);
    await expectKept(third, 'booking_rev', recorded);
    await expectHistory(third, Booking);
    expect(await partsOf(third, 'booking_rev')).toEqual(parts);

    // The schema is named from now on, and nothing moves.
    @Audited({ indexes: 'copy' })
    @Entity('booking', { schema: 'public' })
    class Named extends Booking {}
    class Name1700000000002 implements MigrationInterface {
      up = (queryRunner: QueryRunner) =>
        renameHistory(queryRunner, { from: 'booking', to: 'public.booking' });
      async down() {}
    }
    await versions.migrate([Named], Name1700000000002);
    const last = await versions.start([Named]);
    await expectKept(last, 'public.booking_rev', recorded);
    await expectHistory(last, Named);
    await versions.migrate([Reservation], Rename1700000000001);
    await versions.end();
  });
});
