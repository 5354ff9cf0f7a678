import { createHmac, hkdfSync } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import { type AttachedAudit, attachAudit, Audited, Masked, revisionOf } from 'nestjs-typeorm-audit';
import {
  Column,
  DataSource,
  Entity,
  type EntityTarget,
  ManyToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

const KEY = 'a key of more than sixteen characters';

const derived = (info: string[], bytes: number, key = KEY): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', JSON.stringify(['nestjs-typeorm-audit', ...info]), bytes));
const digest = (column: string, text: string, table = 'patient', key = KEY): string =>
  derived(['id'], 4, key).toString('hex') +
  createHmac('sha256', derived(['column', table, column], 32, key))
    .update(text)
    .digest('hex')
    .slice(0, 56);

class Card {
  @Masked('hash')
  @Column({ type: 'varchar', nullable: true })
  number: string | null;

  @Column({ type: 'int' })
  year: number;
}

@Audited({ indexes: 'copy', deletedState: 'last' })
@Entity()
class Patient {
  @PrimaryGeneratedColumn()
  id: number;

  @Masked()
  @Column({ type: 'varchar', length: 40, nullable: true, unique: true })
  diagnosis: string | null;

  @Masked('hash')
  @Column({ type: 'int', default: 7 })
  ward: number;

  @Masked((column) => `substr(${column}, 1, 1)`)
  @Column({ type: 'varchar', nullable: true })
  surname: string | null;

  @Masked()
  @Column({ type: 'varchar', nullable: true, select: false })
  password: string | null;

  @Column(() => Card)
  card: Card;

  @Column({ type: 'int' })
  room: number;
}

describeDatabases('@Masked()', (name) => {
  let database: TestDatabase | undefined;
  let dataSource: DataSource | undefined;

  afterEach(async () => {
    if (dataSource?.isInitialized) await dataSource.destroy();
    await database?.drop();
  });

  async function open(
    entities: EntityTarget<any>[] = [Patient],
    options = { maskKey: KEY },
  ): Promise<AttachedAudit> {
    database = await createDatabase(name);
    dataSource = new DataSource({ ...database.options, entities: entities as [], synchronize: true });
    return attachAudit(await dataSource.initialize(), options);
  }

  it('stores a digest of the value and shows that it changed, not what to', async () => {
    const { history } = await open();
    const patients = dataSource!.getRepository(Patient);
    const patient = await patients.save({
      diagnosis: 'flu',
      ward: 3,
      surname: 'Bauer',
      password: 'p',
      card: { number: '42', year: 30 },
      room: 1,
    });
    await patients.update(patient.id, {
      diagnosis: 'gout',
      surname: 'Brandt',
      password: 'q',
      card: { number: null },
    });
    await patients.save({ id: patient.id, diagnosis: null, room: 2 });
    await patients.save({ id: patient.id, diagnosis: 'ill' });

    const { items } = await history.timeline(Patient, patient.id, { order: 'asc' });
    expect(items.map(({ snapshot }) => ({ ...snapshot }))).toEqual([
      {
        id: 1,
        diagnosis: '***',
        ward: digest('ward', '3'),
        surname: 'B',
        card: { number: digest('cardNumber', '42'), year: 30 },
        room: 1,
      },
      {
        id: 1,
        diagnosis: '***',
        ward: digest('ward', '3'),
        surname: 'B',
        card: { number: null, year: 30 },
        room: 1,
      },
      {
        id: 1,
        diagnosis: null,
        ward: digest('ward', '3'),
        surname: 'B',
        card: { number: null, year: 30 },
        room: 2,
      },
      {
        id: 1,
        diagnosis: '***',
        ward: digest('ward', '3'),
        surname: 'B',
        card: { number: null, year: 30 },
        room: 2,
      },
    ]);
    expect(items.slice(1).map(({ changes }) => changes)).toEqual([
      [
        { property: 'diagnosis', from: '***', to: '***' },
        { property: 'card.number', from: digest('cardNumber', '42'), to: null },
      ],
      [
        { property: 'diagnosis', from: '***', to: null },
        { property: 'room', from: 1, to: 2 },
      ],
      [{ property: 'diagnosis', from: null, to: '***' }],
    ]);
    const filtered = await history.timeline(Patient, patient.id, { property: 'diagnosis' });
    expect(filtered.items.map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    expect(await dataSource!.getRepository(revisionOf(Patient)).findOneBy({ revVersion: 1 })).toMatchObject({
      diagnosis: '***',
      ward: digest('ward', '3'),
    });
    const rows = await dataSource!.query<Record<string, unknown>[]>(
      'SELECT * FROM patient_rev ORDER BY rev_version',
    );
    expect(rows.map(({ diagnosis, password }) => [diagnosis, password])).toEqual([
      [digest('diagnosis', 'flu'), digest('password', 'p')],
      [digest('diagnosis', 'gout'), digest('password', 'q')],
      [null, digest('password', 'q')],
      [digest('diagnosis', 'ill'), digest('password', 'q')],
    ]);
    await expectInvariants(dataSource!);
  });

  it('makes a revision of a change of nothing else, and none of a change that the mask hides', async () => {
    const { history } = await open();
    const patients = dataSource!.getRepository(Patient);
    const { id } = await patients.save({ diagnosis: 'a', surname: 'Bauer', card: { year: 1 }, room: 1 });
    await patients.update(id, { password: 'only this' });
    await patients.update(id, { surname: 'Brandt' });
    await patients.update(id, { surname: 'Adler' });
    expect((await history.timeline(Patient, id)).items.map(({ changes }) => changes)).toEqual([
      [{ property: 'surname', from: 'B', to: 'A' }],
      [],
      expect.arrayContaining([{ property: 'diagnosis', from: null, to: '***' }]),
    ]);
    await expectInvariants(dataSource!);
  });

  it('keeps values out of bulk copies, and of the last state of what is deleted', async () => {
    await open();
    const patients = dataSource!.getRepository(Patient);
    await patients.insert(
      Array.from({ length: 50 }, (_, n) => ({
        diagnosis: `secret ${n}`,
        card: { number: `secret ${n}`, year: n },
        room: n,
      })),
    );
    await patients
      .createQueryBuilder()
      .update()
      .set({ diagnosis: () => "concat('secretly ', room)" })
      .where('room < 10')
      .execute();
    await patients.update({ room: 3 }, { diagnosis: 'secret' });
    await patients.delete({ room: 4 });
    const rows = await dataSource!.query<object[]>('SELECT * FROM patient_rev');
    expect(rows.length).toBe(62);
    expect(JSON.stringify(rows)).not.toContain('secret');
    await expectInvariants(dataSource!);
  });

  it('masks the same value alike in every session', async () => {
    const isMysql = name === 'mariadb' || name === 'mysql';
    @Audited()
    @Entity()
    class Visit {
      @PrimaryColumn()
      id: number;

      @Masked('hash')
      @Column({ type: name === 'postgres' ? 'timestamptz' : isMysql ? 'timestamp' : 'datetime' })
      at: Date;

      @Column({ type: 'int' })
      n: number;
    }
    const { history } = await open([Visit]);
    await dataSource!.transaction(async (manager) => {
      await manager.save(Visit, { id: 1, at: new Date('2026-01-02T03:04:05Z'), n: 1 });
      if (name === 'postgres') await manager.query(`SET LOCAL TimeZone = 'Asia/Tokyo'`);
      if (isMysql) await manager.query(`SET time_zone = '+09:00'`);
      await manager.update(Visit, 1, { n: 2 });
      if (isMysql) await manager.query(`SET time_zone = DEFAULT`);
    });
    expect((await history.latest(Visit, 1))!.changes).toEqual([{ property: 'n', from: 1, to: 2 }]);
    await expectInvariants(dataSource!);
  });

  it('goes on after the data source was closed and opened again', async () => {
    await open();
    if (database!.name !== 'sqlite') {
      await dataSource!.destroy();
      await dataSource!.initialize();
    }
    await dataSource!.getRepository(Patient).save({ diagnosis: 'x', card: { year: 1 }, room: 1 });
    await expectInvariants(dataSource!);
  });

  it('compares a value under the key that made its digest, and takes the new key for the next value', async () => {
    const older = await open();
    const patients = dataSource!.getRepository(Patient);
    const [first, second] = await patients.save(
      ['a', 'b'].map((text) => ({
        diagnosis: text,
        password: text,
        card: { number: text, year: 1 },
        room: 1,
      })),
    );
    older.detach();

    const NEW = 'another key of more than sixteen characters';
    const { history, maintenance, detach } = attachAudit(dataSource!, { maskKey: [NEW, KEY] });
    expect(await maintenance.verify()).toMatchObject({ ok: true });
    await patients.update(first.id, { password: 'a' });
    expect((await history.latest(Patient, first.id))!.version).toBe(1);
    // One row, several by a criterion, and none of a value's own.
    await patients.update(first.id, { room: 2 });
    await patients.update({ room: 2 }, { password: 'new' });
    await patients.createQueryBuilder().update().set({ room: 7 }).where('room > 0').execute();

    const changes = async (id: number): Promise<unknown[]> =>
      (await history.timeline(Patient, id, { order: 'asc' })).items.slice(1).map((item) => item.changes);
    expect(await changes(first.id)).toEqual([
      [{ property: 'room', from: 1, to: 2 }],
      [],
      [{ property: 'room', from: 2, to: 7 }],
    ]);
    expect(await changes(second.id)).toEqual([[{ property: 'room', from: 1, to: 7 }]]);
    const rows = await dataSource!.query<Record<string, unknown>[]>(
      `SELECT * FROM patient_rev WHERE id = ${first.id} ORDER BY rev_version`,
    );
    const old = digest('password', 'a');
    const now = digest('password', 'new', 'patient', NEW);
    expect(rows.map(({ password }) => password)).toEqual([old, old, now, now]);
    expect(rows.map(({ diagnosis }) => diagnosis)).toEqual(Array(4).fill(digest('diagnosis', 'a')));
    await expectInvariants(dataSource!);
    detach();

    // Without the old key there is nothing to compare with.
    const alone = attachAudit(dataSource!, { maskKey: NEW });
    await patients.update(first.id, { room: 8 });
    expect((await alone.history.latest(Patient, first.id))!.version).toBe(5);
    expect(await alone.maintenance.verify()).toMatchObject({ ok: false });
    await alone.maintenance.reconcile();
    await expectInvariants(dataSource!);
  });

  it('leaves no migration to be made', async () => {
    await open();
    expect((await dataSource!.driver.createSchemaBuilder().log()).upQueries).toEqual([]);
  });

  it("doesn't start without a key, and says for what it is needed", async () => {
    await expect(open([Patient], {} as never)).rejects.toThrow(
      'Patient.diagnosis, Patient.ward, Patient.password, Patient.card.number are masked, which needs a secret key. ' +
        'Give the audit option maskKey at least 16 characters, from where your other secrets are.',
    );
    const short = attachAudit.bind(undefined, dataSource!, { maskKey: 'short secret' });
    expect(short).toThrow('The mask key must have at least 16 characters, got 12');
    expect(short).not.toThrow('short secret');
  });

  it.each(['key', 'relation'])('refuses to mask a %s', async (what) => {
    const entities = what === 'key' ? maskedKey() : maskedRelation();
    await expect(open(entities)).rejects.toThrow(
      what === 'key'
        ? "Keyed.id is part of the primary key and can't be masked: its history is found by it. Remove its @Masked()."
        : 'Related.others is masked, but has no column in the table.',
    );
  });
});

function maskedKey(): EntityTarget<any>[] {
  @Audited()
  @Entity()
  class Keyed {
    @Masked()
    @PrimaryColumn()
    id: number;
  }
  return [Keyed];
}

function maskedRelation(): EntityTarget<any>[] {
  @Audited()
  @Entity()
  class Related {
    @PrimaryColumn()
    id: number;

    @Masked()
    @ManyToMany(() => Related)
    others: Related[];
  }
  return [Related];
}
