import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Audited } from 'nestjs-typeorm-audit';
import {
  Column,
  type DataSource,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type QueryRunner,
  Table,
} from 'typeorm';
import { dataSourceOf } from '../../../src/typeorm/data-source-of.js';
import { expectKept, migrationOf, run, storedIn, Versions } from '../../support/evolution/by-hand.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Audited()
@Entity('reservation')
class NumberedReservation {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40 }) name: string;
  @Column({ type: 'int', nullable: true }) party: number | null;
}

@Audited()
@Entity('note')
class NumberedNote {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40 }) text: string;
  @ManyToOne(() => NumberedReservation, { onDelete: 'SET NULL' })
  @JoinColumn({ name: 'reservation_id' })
  reservation: NumberedReservation | null;
}

@Audited()
@Entity('reservation')
class Reservation {
  @PrimaryColumn('uuid') id: string;
  @Column({ type: 'varchar', length: 40 }) name: string;
  @Column({ type: 'int', nullable: true }) party: number | null;
}

@Audited()
@Entity('note')
class Note {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40 }) text: string;
  @ManyToOne(() => Reservation, { onDelete: 'SET NULL' })
  @JoinColumn({ name: 'reservation_id' })
  reservation: Reservation | null;
}

@Audited()
@Entity('seat')
class Place {
  @PrimaryColumn('int') place: number;
  @Column({ type: 'varchar', length: 20 }) hall: string;
  @Column({ type: 'int', nullable: true }) price: number | null;
}

@Audited()
@Entity('seat')
class PlaceOfHall {
  @PrimaryColumn({ type: 'varchar', length: 20 }) hall: string;
  @PrimaryColumn('int') place: number;
  @Column({ type: 'int', nullable: true }) price: number | null;
}

describeDatabases('A history goes with a key that is changed by hand', (name) => {
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

  it('from a number to a UUID', async () => {
    const first = await versions.start([NumberedReservation, NumberedNote], { synchronize: true });
    const numbered = first.dataSource.getRepository(NumberedReservation);
    const notes = first.dataSource.getRepository(NumberedNote);
    await numbered.insert([{ name: 'Steve', party: 6 }, { name: 'Bea' }, { name: 'Max' }]);
    await notes.insert({ text: 'window', reservation: { id: 1 } });
    await notes.insert({ text: 'late', reservation: { id: 3 } });
    await numbered.update(1, { party: 4 });
    await numbered.delete(3);
    const recorded = await storedIn(first, 'reservation_rev');
    const recordedNotes = await storedIn(first, 'note_rev');
    const then = new Date();

    const entities = [Reservation, Note];
    const byHand = migrationOf('ByHand', async (queryRunner) => {
      await run(queryRunner, versions.statementsOf('CREATE TABLE reservation_key'));
      await run(queryRunner, versions.statementsOf('ALTER TABLE reservation_rev ADD new_id'));
      await run(queryRunner, versions.statementsOf('ALTER TABLE note_rev ADD new_reservation_id'));
      await changeTables(queryRunner);
    });
    await versions.migrate(entities, byHand);
    await versions.migrateGenerated(entities);

    const second = await versions.start(entities);
    await expectKept(second, 'reservation_rev', recorded);
    await expectKept(second, 'note_rev', recordedNotes);
    const { dataSource, audit } = second;
    const { history } = audit;
    const rows = dataSource.getRepository(Reservation);
    const { id } = await rows.findOneByOrFail({ name: 'Steve' });
    expect(id).toMatch(/^[\da-f-]{36}$/);
    expect((await history.timeline(Reservation, id)).items).toMatchObject([
      { version: 2, changes: [{ property: 'party', from: 6, to: 4 }], dropped: { old_id: 1 } },
      { version: 1, snapshot: { id, name: 'Steve', party: 6 }, dropped: { old_id: 1 } },
    ]);
    const firstOfSteve = (await history.revision(Reservation, id, 1))!;
    expect(await history.diff(Reservation, id, 1, 2)).toEqual([{ property: 'party', from: 6, to: 4 }]);
    expect(await history.at(firstOfSteve).findOneBy(Reservation, { id })).toMatchObject({ party: 6 });
    const past = await history
      .at(then)
      .find(Note, { relations: { reservation: true }, order: { id: 'ASC' } });
    expect(past).toMatchObject([{ reservation: { id, name: 'Steve', party: 4 } }, { reservation: null }]);
    // A row that was deleted before.
    const deleted = (await history.feed({ entities: [Reservation], operation: 'delete' })).items[0];
    const gone = deleted.entityId as string;
    expect((await history.timeline(Reservation, gone)).items).toMatchObject([
      { version: 2, operation: 'delete' },
      { version: 1, snapshot: { name: 'Max' } },
    ]);
    await history.restore(Reservation, gone, 1);
    expect(await rows.findOneByOrFail({ id: gone })).toMatchObject({ name: 'Max' });
    expect(await history.latest(Reservation, gone)).toMatchObject({ version: 3 });
    const lastNote = await history.revision(Note, 2, 1);
    expect(lastNote!.snapshot).toMatchObject({ text: 'late', reservation_id: gone });

    await rows.update(id, { party: 4 });
    await rows.update(id, { name: 'Stefan' });
    expect((await history.timeline(Reservation, id)).items[0]).toMatchObject({
      version: 3,
      changes: [{ property: 'name', from: 'Steve', to: 'Stefan' }],
    });
    await history.restore(Reservation, id, 1);
    expect(await rows.findOneByOrFail({ id })).toMatchObject({ name: 'Steve', party: 6 });
    await expectUnique(dataSource, 'reservation_rev', ['id', 'rev_version']);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });

  it('with a column that becomes part of it', async () => {
    const first = await versions.start([Place], { synchronize: true });
    const places = first.dataSource.getRepository(Place);
    await places.insert([
      { place: 1, hall: 'red', price: 20 },
      { place: 2, hall: 'blue', price: 30 },
      { place: 3, hall: 'red' },
    ]);
    await places.update(1, { hall: 'green' });
    await places.update(1, { price: 25 });
    await places.delete(3);
    await places.insert({ place: 3, hall: 'blue' });
    await places.delete(3);
    const recorded = await storedIn(first, 'seat_rev');

    await versions.migrateGenerated([PlaceOfHall], (generated) => [
      ...versions.statementsOf('CREATE TABLE seat_key (place'),
      ...generated,
    ]);
    const second = await versions.start([PlaceOfHall]);
    // The revision that changed the hall alone has no change any more.
    await expectKept(second, 'seat_rev', recorded, { erased: true });
    const { dataSource, audit } = second;
    const { history } = audit;
    const id = { hall: 'green', place: 1 };
    expect((await history.timeline(PlaceOfHall, id)).items).toMatchObject([
      { version: 3, changes: [{ property: 'price', from: 20, to: 25 }], dropped: { old_hall: 'green' } },
      { version: 2, changes: [], dropped: { old_hall: 'green' } },
      { version: 1, snapshot: { hall: 'green', price: 20 }, dropped: { old_hall: 'red' } },
    ]);
    expect(await history.diff(PlaceOfHall, id, 1, 3)).toEqual([{ property: 'price', from: 20, to: 25 }]);
    const firstOfOne = (await history.revision(PlaceOfHall, id, 1))!;
    expect(await history.at(firstOfOne).findOneBy(PlaceOfHall, id)).toMatchObject({ price: 20 });
    // All lives of a deleted row are one history, as before.
    const gone = await history.timeline(PlaceOfHall, { hall: 'blue', place: 3 }, { order: 'asc' });
    expect(gone.items.map(({ operation, dropped }) => [operation, dropped?.old_hall])).toEqual([
      ['insert', 'red'],
      ['delete', undefined],
      ['insert', 'blue'],
      ['delete', undefined],
    ]);
    const rows = dataSource.getRepository(PlaceOfHall);
    await rows.update(id, { price: 25 });
    await rows.update(id, { price: 26 });
    expect(await history.latest(PlaceOfHall, id)).toMatchObject({
      version: 4,
      changes: [{ property: 'price', from: 25, to: 26 }],
    });
    await rows.insert({ hall: 'red', place: 1 });
    await history.restore(PlaceOfHall, id, 1);
    expect(await rows.findOneByOrFail(id)).toMatchObject({ price: 20 });
    await expectUnique(dataSource, 'seat_rev', ['hall', 'place', 'rev_version']);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });

  it('with a column that leaves it', async () => {
    const first = await versions.start([PlaceOfHall], { synchronize: true });
    const places = first.dataSource.getRepository(PlaceOfHall);
    await places.insert([
      { hall: 'red', place: 1, price: 20 },
      { hall: 'blue', place: 1, price: 30 },
      { hall: 'blue', place: 2, price: 40 },
    ]);
    await places.update({ hall: 'blue', place: 1 }, { price: 35 });
    await places.delete({ hall: 'red', place: 1 });
    await places.delete({ hall: 'blue', place: 2 });
    const recorded = await storedIn(first, 'seat_rev');
    const [twice] = versions.statementsOf('HAVING count(*) > 1');
    expect(await first.dataSource.query(twice)).toHaveLength(2);

    await versions.migrateGenerated([Place], (generated) => [
      ...versions.statementsOf('CREATE TABLE seat_key (hall'),
      ...generated,
    ]);
    const second = await versions.start([Place]);
    await expectKept(second, 'seat_rev', recorded);
    const { dataSource, audit } = second;
    const { history } = audit;
    expect(await dataSource.query(twice)).toEqual([]);
    expect((await history.timeline(Place, 1)).items).toMatchObject([
      { version: 2, changes: [{ property: 'price', from: 30, to: 35 }] },
      { version: 1, snapshot: { hall: 'blue', price: 30 } },
    ]);
    expect((await history.timeline(Place, 1_000_001)).items).toMatchObject([
      { version: 2, operation: 'delete', dropped: { old_place: 1 } },
      { version: 1, snapshot: { hall: 'red', price: 20 }, dropped: { old_place: 1 } },
    ]);
    expect((await history.timeline(Place, 2)).items).toMatchObject([
      { operation: 'delete' },
      { snapshot: { hall: 'blue', price: 40 } },
    ]);
    const firstOfOne = (await history.revision(Place, 1, 1))!;
    const past = await history.at(firstOfOne).find(Place, { order: { place: 'ASC' } });
    expect(past.map(({ place, hall, price }) => [place, hall, price])).toEqual([
      [1, 'blue', 30],
      [2, 'blue', 40],
      [1_000_001, 'red', 20],
    ]);
    const rows = dataSource.getRepository(Place);
    await rows.update(1, { price: 35 });
    await rows.update(1, { hall: 'green' });
    expect(await history.latest(Place, 1)).toMatchObject({
      version: 3,
      changes: [{ property: 'hall', from: 'blue', to: 'green' }],
    });
    expect(await history.diff(Place, 1, 1, 3)).toEqual([
      { property: 'hall', from: 'blue', to: 'green' },
      { property: 'price', from: 30, to: 35 },
    ]);
    await history.restore(Place, 1_000_001, 1);
    await rows.delete(1);
    expect(await history.latest(Place, 1)).toMatchObject({ version: 4, isDelete: true });
    await expectUnique(dataSource, 'seat_rev', ['place', 'rev_version']);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });
});

/** What the application does with its own tables: here it makes them anew. */
async function changeTables(queryRunner: QueryRunner): Promise<void> {
  const dataSource = dataSourceOf(queryRunner);
  for (const table of ['reservation', 'note'])
    await queryRunner.query(`CREATE TABLE old_${table} AS SELECT * FROM ${table}`);
  await queryRunner.dropTable('note');
  await queryRunner.dropTable('reservation');
  for (const entity of [Reservation, Note])
    await queryRunner.createTable(Table.create(dataSource.getMetadata(entity), dataSource.driver));
  await queryRunner.query(
    'INSERT INTO reservation (id, name, party) SELECT k.new_id, o.name, o.party FROM old_reservation o JOIN reservation_key k ON k.old_id = o.id',
  );
  await queryRunner.query(
    'INSERT INTO note (id, text, reservation_id) SELECT o.id, o.text, k.new_id FROM old_note o LEFT JOIN reservation_key k ON k.old_id = o.reservation_id',
  );
  for (const table of ['reservation', 'note']) await queryRunner.query(`DROP TABLE old_${table}`);
}

/** The only unique index of a table is that of some columns. */
async function expectUnique(
  dataSource: DataSource,
  table: string,
  columns: readonly string[],
): Promise<void> {
  const queryRunner = dataSource.createQueryRunner();
  try {
    const { indices } = (await queryRunner.getTable(table))!;
    const unique = indices
      .filter(({ isUnique }) => isUnique)
      .map(({ columnNames }) => [...columnNames].sort());
    expect(unique).toEqual([columns]);
  } finally {
    await queryRunner.release();
  }
}
