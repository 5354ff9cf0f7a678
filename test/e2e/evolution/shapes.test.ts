import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type AttachedAudit, attachAudit, Audited } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, VersionColumn } from 'typeorm';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

/** The entity before a migration. */
@Audited()
@Entity('item')
class OldItem {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40 }) name: string;
}

/** The entity after a migration that adds columns. */
@Audited()
@Entity('item')
class Item {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 40 }) name: string;
  @Column({ type: 'varchar', length: 20, default: "it's new" }) status: string;
  @Column({ type: 'decimal', precision: 10, scale: 2, default: 5 }) price: string;
  @Column({ default: true }) active: boolean;
  @Column({ type: 'varchar', length: 40, nullable: true }) note: string | null;
  /** The database computes its value for the rows that are there. */
  @Column({ type: 'int', default: () => "length('four')" }) size: number;
  @VersionColumn({ default: 1 }) version: number;
}

interface Version {
  readonly dataSource: DataSource;
  readonly audit: AttachedAudit;
}

describeDatabases('revisions of another shape', (name) => {
  let database: TestDatabase;
  let versions: Version[];

  beforeEach(async () => {
    database = await createDatabase(name, { file: true });
    versions = [];
  });

  afterEach(async () => {
    for (const { dataSource } of versions) await dataSource.destroy();
    await database.drop();
  });

  const start = async (entity: typeof OldItem | typeof Item, synchronize = false): Promise<Version> => {
    const dataSource = await new DataSource({
      ...database.options,
      entities: [entity],
      synchronize,
    }).initialize();
    const version = { dataSource, audit: attachAudit(dataSource) };
    versions.push(version);
    return version;
  };

  /** What a migration does that adds the columns, to both tables. */
  const migrate = async ({ dataSource }: Version): Promise<void> => {
    const moment = { sqlite: 'boolean', postgres: 'boolean', mariadb: 'tinyint', mysql: 'tinyint' }[name];
    const yes = name === 'postgres' ? 'true' : '1';
    const size = name === 'sqlite' ? '4' : name === 'mysql' ? "(length('four'))" : "length('four')";
    for (const [type, rest] of [
      ['status varchar(20)', " NOT NULL DEFAULT 'it''s new'"],
      ['price decimal(10, 2)', ' NOT NULL DEFAULT 5'],
      [`active ${moment}`, ` NOT NULL DEFAULT ${yes}`],
      ['note varchar(40)', ''],
      ['size int', ` NOT NULL DEFAULT ${size}`],
      ['version int', ' NOT NULL DEFAULT 1'],
    ]) {
      await dataSource.query(`ALTER TABLE item ADD ${type}${rest}`);
      await dataSource.query(`ALTER TABLE item_rev ADD ${type}`);
    }
  };

  /** Two rows of the old version, then the migration, then the new version. */
  const migrated = async (): Promise<{ old: Version; today: Version; before: Date }> => {
    const old = await start(OldItem, true);
    await old.dataSource.getRepository(OldItem).save([{ name: 'a' }, { name: 'b' }]);
    await migrate(old);
    const before = new Date();
    const today = await start(Item);
    await today.audit.checkTables();
    return { old, today, before };
  };

  const changesOf = async ({ audit }: Version, id: number): Promise<object[]> =>
    (await audit.history.timeline(Item, id, { order: 'asc' })).items.map(({ changes }) =>
      Object.fromEntries(changes.map(({ property, from, to }) => [property, [from, to]])),
    );

  it("a migration is nobody's change: verify() is clean, and a write lists only what it changed", async () => {
    const { today, before } = await migrated();
    const { dataSource, audit } = today;
    const items = dataSource.getRepository(Item);
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });

    // A write that changes nothing adds nothing.
    await dataSource
      .createQueryBuilder()
      .update(Item)
      .set({ name: () => 'name', version: () => 'version' })
      .where('id = 1')
      .execute();
    expect(await changesOf(today, 1)).toHaveLength(1);

    await items.update(1, { name: 'A' });
    await items.save({ id: 2, status: 'sold' });
    expect((await changesOf(today, 1))[1]).toEqual({ name: ['a', 'A'], version: [1, 2] });
    expect((await changesOf(today, 2))[1]).toEqual({ status: ["it's new", 'sold'], version: [1, 2] });
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });

    const past = await audit.history
      .at(before)
      .find(Item, { where: { status: "it's new" }, order: { id: 'ASC' } });
    expect(
      past.map(({ id, status, price, active, note }) => ({ id, status, price: Number(price), active, note })),
    ).toEqual([1, 2].map((id) => ({ id, status: "it's new", price: 5, active: true, note: null })));
    const first = await audit.history.revision(Item, 1, 1);
    expect(first!.snapshot).toMatchObject({ name: 'a', status: "it's new", active: true, note: null });
    expect(first!.snapshot!.size).toBeUndefined();
    expect(await audit.history.diff(Item, 2, 1, 2)).toEqual([
      { property: 'status', from: "it's new", to: 'sold' },
      { property: 'version', from: 1, to: 2 },
    ]);
    expect((await audit.history.timeline(Item, 2, { property: 'status' })).items).toHaveLength(1);
    expect((await audit.history.timeline(Item, 2, { property: 'size' })).items).toHaveLength(0);
    await audit.history.restore(Item, 2, 1);
    expect(await items.findOneByOrFail({ id: 2 })).toMatchObject({ status: "it's new", size: 4 });
    expect(await audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });

  it('records a write of nothing but a column whose value no revision tells', async () => {
    const { today } = await migrated();
    await today.dataSource.getRepository(Item).update(1, { size: 9, version: () => 'version' });
    await today.dataSource.query('UPDATE item SET version = 1 WHERE id = 1');
    expect((await today.audit.history.latest(Item, 1))!.snapshot).toMatchObject({ size: 9 });
  });

  it('old and new instances write the same rows: nothing is invented, and no change is missing', async () => {
    const { old, today } = await migrated();
    const items = today.dataSource.getRepository(Item);
    const olds = old.dataSource.getRepository(OldItem);
    await items.save({ id: 1, status: 'sold' });
    await olds.save({ id: 1, name: 'A' });
    // As the old version's revision doesn't know the status, this is a change all the same.
    await items.update(1, { status: "it's new", version: () => 'version' });
    await olds.save({ id: 1, name: 'AA' });
    await olds.delete(2);
    await old.dataSource.query("INSERT INTO item (id, name) VALUES (2, 'again')");
    await old.audit.maintenance.reconcile();
    expect(await changesOf(today, 1)).toEqual([
      { name: [null, 'a'] },
      { status: ["it's new", 'sold'], version: [1, 2] },
      { name: ['a', 'A'] },
      { status: ['sold', "it's new"] },
      { name: ['A', 'AA'] },
    ]);
    expect((await today.audit.history.at(new Date()).findOneByOrFail(Item, { id: 1 })).status).toBe(
      "it's new",
    );
    expect(await today.audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
    expect(await old.audit.maintenance.verify()).toMatchObject({ ok: true, findings: [] });
  });

  it('verify() says which columns some revisions do not know, and finds nothing wrong with them', async () => {
    const { today } = await migrated();
    await today.dataSource.getRepository(Item).update(1, { name: 'A' });
    const { ok, unknown } = await today.audit.maintenance.verify();
    expect(ok).toBe(true);
    expect(unknown).toContainEqual({ table: 'item', column: 'status', revisions: 2 });
  });

  it('shows what was recorded of columns that the entity has no more', async () => {
    const { old } = await migrated();
    await old.dataSource.query('ALTER TABLE item_rev ADD legacy_code varchar(10)');
    await old.dataSource.query("UPDATE item_rev SET legacy_code = 'A-17' WHERE id = 1");
    const { audit, dataSource } = await start(Item);
    await audit.checkTables();
    expect((await audit.history.latest(Item, 1))!.dropped).toEqual({ legacy_code: 'A-17' });
    expect((await audit.history.feed()).items.map(({ dropped }) => dropped)).toEqual([
      undefined,
      { legacy_code: 'A-17' },
    ]);
    await dataSource.getRepository(Item).update(1, { name: 'A' });
    expect(await audit.history.latest(Item, 1)).not.toHaveProperty('dropped');
  });
});
