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
import { statementsWith } from '../../support/docs/migrations-page.js';
import { expectKept, migrationOf, storedIn, Versions } from '../../support/evolution/by-hand.js';
import {
  createDatabase,
  type DatabaseName,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';

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

/** PostgreSQL's words for UUIDs, on other databases. */
const UUIDS: Readonly<Record<DatabaseName, readonly [type: string, value: string]>> = {
  postgres: ['uuid', 'gen_random_uuid()'],
  mariadb: ['uuid', 'uuid()'],
  mysql: ['varchar(36)', 'uuid()'],
  sqlite: [
    'varchar(36)',
    `lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))`,
  ],
};

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

  const run = async (queryRunner: QueryRunner, statements: readonly string[]): Promise<void> => {
    const [type, value] = UUIDS[name];
    for (const statement of statements)
      await queryRunner.query(
        statement.replaceAll('gen_random_uuid()', value).replace(/\buuid\b(?!\()/g, type),
      );
  };

  /** Generates the rest of a migration after the part that was done by hand, and runs it. */
  const runGenerated = async (entities: Parameters<Versions['generate']>[0]): Promise<void> => {
    const statements = await versions.generate(entities);
    await versions.migrate(
      entities,
      migrationOf('Generated', (queryRunner) => run(queryRunner, statements)),
    );
  };

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
      await run(queryRunner, statementsWith('CREATE TABLE reservation_key'));
      await run(queryRunner, statementsWith('ALTER TABLE reservation_rev ADD new_id'));
      await run(queryRunner, statementsWith('ALTER TABLE note_rev ADD new_reservation_id'));
      await changeTables(queryRunner);
    });
    await versions.migrate(entities, byHand);
    await runGenerated(entities);

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
    const deleted = (await history.changes({ entities: [Reservation], operation: 'delete' })).items[0];
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
    await expectTwiceRefused(dataSource, 'reservation_rev');
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

/** The table has no second revision of a version. */
async function expectTwiceRefused(dataSource: DataSource, table: string): Promise<void> {
  const queryRunner = dataSource.createQueryRunner();
  try {
    const { indices } = (await queryRunner.getTable(table))!;
    const unique = indices
      .filter(({ isUnique }) => isUnique)
      .map(({ columnNames }) => [...columnNames].sort());
    expect(unique).toEqual([['id', 'rev_version']]);
  } finally {
    await queryRunner.release();
  }
}
