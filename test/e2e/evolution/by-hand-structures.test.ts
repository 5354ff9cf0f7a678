import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Audited, type AuditedOptions, renameHistory } from 'nestjs-typeorm-audit';
import {
  ChildEntity,
  Column,
  type DataSourceOptions,
  DefaultNamingStrategy,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { expectKept, migrationOf, run, storedIn, Versions } from '../../support/evolution/by-hand.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

describeDatabases('A history goes with a structure that is changed by hand', (name) => {
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

  it('by another naming strategy and a prefix', async () => {
    const before = bookings();
    const first = await versions.start(before.all, { synchronize: true });
    const tag = await first.dataSource.manager.save(before.Tag, { label: 'vip' });
    const rows = first.dataSource.getRepository<Row>(before.Booking);
    await rows.save({ guestName: 'Steve', party: 6, tags: [tag] });
    await first.dataSource.getRepository<Row>(before.Note).insert({ text: 'window', booking: { id: 1 } });
    await rows.update(1, { party: 4 });
    await rows.save({ id: 1, tags: [] });
    await rows.save({ id: 1, tags: [tag] });
    const recorded: Record<string, Row[]> = {};
    for (const table of ['booking', 'tag', 'note', 'booking_tags_tag'])
      recorded[table] = await storedIn(first, `${table}_rev`);

    const after = bookings({
      booking: { renamed: { guestName: 'guestName' } },
      note: { renamed: { bookingId: 'booking' } },
    });
    const options: Partial<DataSourceOptions> = { namingStrategy: new SnakeNames(), entityPrefix: 'app_' };
    const byHand = migrationOf('ByHand', async (queryRunner) => {
      for (const own of ['changeset', 'shape', 'event', 'maintenance'])
        await queryRunner.query(`ALTER TABLE audit_${own} RENAME TO app_audit_${own}`);
      for (const table of Object.keys(recorded)) {
        await queryRunner.renameTable(table, `app_${table}`);
        await renameHistory(queryRunner, { from: table, to: `app_${table}` });
      }
      await queryRunner.renameColumn('app_booking_tags_tag', 'bookingId', 'booking_id');
      await queryRunner.renameColumn('app_booking_tags_tag', 'tagId', 'tag_id');
      await run(queryRunner, versions.statementsOf('ALTER TABLE app_booking_tags_tag_rev'));
    });
    await versions.migrate(after.all, byHand, 'up', options);
    await versions.migrateGenerated(after.all, undefined, options);

    const second = await versions.start(after.all, options);
    for (const [table, revisions] of Object.entries(recorded))
      await expectKept(second, `app_${table}_rev`, revisions);
    const { dataSource, audit } = second;
    const { history } = audit;
    expect((await history.timeline(after.Booking, 1)).items).toMatchObject([
      { version: 2, changes: [{ property: 'party', from: 6, to: 4 }] },
      { version: 1, snapshot: { guestName: 'Steve', party: 6 } },
    ]);
    const note = (await history.revision(after.Note, 1, 1))!;
    expect(note.snapshot).toMatchObject({ text: 'window', booking_id: 1 });
    const past = history.at(note);
    expect(await past.find(after.Note, { relations: { booking: { tags: true } } })).toMatchObject([
      { booking: { guestName: 'Steve', party: 6, tags: [{ label: 'vip' }] } },
    ]);
    const links = await history.feed({ entities: ['app_booking_tags_tag'] });
    expect(links.items.map(({ operation, entityId }) => [operation, entityId])).toEqual(
      ['insert', 'delete', 'insert'].map((operation) => [operation, { booking_id: 1, tag_id: 1 }]),
    );
    await dataSource.getRepository<Row>(after.Booking).update(1, { party: 4 });
    await dataSource.getRepository<Row>(after.Booking).update(1, { guestName: 'Stefan' });
    expect(await history.latest(after.Booking, 1)).toMatchObject({
      version: 3,
      changes: [{ property: 'guestName', from: 'Steve', to: 'Stefan' }],
    });
    await history.restore(after.Booking, 1, 1);
    expect(await dataSource.getRepository<Row>(after.Booking).findOneByOrFail({ id: 1 })).toMatchObject({
      guestName: 'Steve',
      party: 6,
    });
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });

  it('by single-table inheritance', async () => {
    @Audited()
    @Entity('payment')
    class Unclassed {
      @PrimaryGeneratedColumn() id: number;
      @Column('int') amount: number;
      @Column({ type: 'varchar', length: 20 }) kind: string;
    }
    @Audited()
    @Entity()
    @TableInheritance({ column: { name: 'type', type: 'varchar', length: 20, default: 'card' } })
    class Payment extends Unclassed {}
    @ChildEntity('card')
    class Card extends Payment {
      @Column({ type: 'varchar', length: 4, nullable: true }) digits: string | null;
    }
    @ChildEntity('cash')
    class Cash extends Payment {}

    const first = await versions.start([Unclassed], { synchronize: true });
    const unclassed = first.dataSource.getRepository(Unclassed);
    await unclassed.insert([
      { amount: 10, kind: 'card' },
      { amount: 20, kind: 'cash' },
      { amount: 30, kind: 'cash' },
    ]);
    await unclassed.update(1, { amount: 11 });
    await unclassed.delete(3);
    const recorded = await storedIn(first, 'payment_rev');
    const then = new Date();

    const entities = [Payment, Card, Cash];
    const page = versions.statementsOf('UPDATE payment_rev');
    await versions.migrateGenerated(entities, (generated) => [...generated, ...page]);
    const second = await versions.start(entities);
    await expectKept(second, 'payment_rev', recorded);
    const { dataSource, audit } = second;
    const { history } = audit;
    expect((await history.timeline(Card, 1)).items).toMatchObject([
      { version: 2, changes: [{ property: 'amount', from: 10, to: 11 }] },
      { version: 1, snapshot: { amount: 10, kind: 'card' } },
    ]);
    expect((await history.timeline(Cash, 3)).items).toMatchObject([
      { operation: 'delete' },
      { snapshot: { amount: 30 } },
    ]);
    expect(await history.diff(Card, 1, 1, 2)).toEqual([{ property: 'amount', from: 10, to: 11 }]);
    expect((await history.feed({ entities: [Cash] })).items).toHaveLength(3);
    const past = await history.at(then).find(Payment, { order: { id: 'ASC' } });
    expect(past.map((row) => [row instanceof Card, row instanceof Cash, row.amount])).toEqual([
      [true, false, 11],
      [false, true, 20],
    ]);
    expect(await history.at(then).find(Cash)).toMatchObject([{ amount: 20 }]);
    const cards = dataSource.getRepository(Card);
    await cards.update(1, { amount: 11 });
    await cards.update(1, { digits: '4242' });
    expect(await history.latest(Card, 1)).toMatchObject({
      version: 3,
      changes: [{ property: 'digits', from: null, to: '4242' }],
    });
    await history.restore(Card, 1, 1);
    expect(await cards.findOneByOrFail({ id: 1 })).toMatchObject({ amount: 10 });
    await history.restore(Cash, 3, 1);
    expect(await dataSource.getRepository(Cash).findOneByOrFail({ id: 3 })).toMatchObject({ amount: 30 });
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });
});

type Row = Record<string, any>;

class SnakeNames extends DefaultNamingStrategy {
  override columnName(property: string, custom: string, prefixes: string[]): string {
    return custom || snake(super.columnName(property, custom, prefixes));
  }
  override joinColumnName(relation: string, referenced: string): string {
    return snake(super.joinColumnName(relation, referenced));
  }
  override joinTableColumnName(table: string, property: string, column?: string): string {
    return snake(super.joinTableColumnName(table, property, column));
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The entities of a version, with the options of two. */
function bookings(options: { booking?: AuditedOptions; note?: AuditedOptions } = {}) {
  @Audited()
  @Entity()
  class Tag {
    @PrimaryGeneratedColumn() id: number;
    @Column({ type: 'varchar', length: 20 }) label: string;
  }

  @Audited(options.booking)
  @Entity()
  class Booking {
    @PrimaryGeneratedColumn() id: number;
    @Column({ type: 'varchar', length: 40 }) guestName: string;
    @Column({ type: 'int', nullable: true }) party: number | null;
    @ManyToMany(() => Tag) @JoinTable() tags: Tag[];
  }

  @Audited(options.note)
  @Entity()
  class Note {
    @PrimaryGeneratedColumn() id: number;
    @Column({ type: 'varchar', length: 40 }) text: string;
    @ManyToOne(() => Booking) booking: Booking;
  }
  return { Tag, Booking, Note, all: [Tag, Booking, Note] };
}
