import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Check, Column, type DataSource, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { RestoreConflictError, UndoConflictError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type RestoreOptions } from '../../../src/history/types/restore.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited()
@Entity()
@Unique(['city', 'name'])
@Check('shop_is_open', 'seats < 100')
class Shop {
  @PrimaryGeneratedColumn() id: number;
  @Column() city: string;
  @Column() name: string;
  @Column() seats: number;
  @Column({ type: 'simple-enum', enum: ['open', 'shut'], default: 'open' }) status: string;
  @Index('shop_phone', { unique: true, where: 'seats > 50' })
  @Column({ type: 'int', nullable: true })
  phone: number | null;
  @Column({ type: 'varchar', length: 40, nullable: true, unique: true, select: false }) secret: string | null;
}

describeDatabases('a restore or an undo that the table refuses', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let shop: Shop;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Shop] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    // TypeORM makes no CHECK on MariaDB and MySQL.
    if (name !== 'sqlite' && name !== 'postgres')
      await dataSource.query('ALTER TABLE shop ADD CONSTRAINT shop_is_open CHECK (seats < 100)');
  });
  beforeEach(async () => {
    shop = await save({ city: 'Rome', name: 'Ada', seats: 60, phone: 7, secret: 's3cret' });
  });
  afterEach(async () => {
    await expectInvariants(dataSource, { erased: true });
    await dataSource.createQueryBuilder().delete().from(Shop).execute();
  });
  afterAll(() => audited.close());

  const save = (values: Partial<Shop>): Promise<Shop> => {
    const shops = dataSource.getRepository(Shop);
    return shops.save(shops.create(values));
  };
  const rows = (): Promise<unknown> =>
    dataSource.query(`SELECT * FROM shop ORDER BY id`).then(async (live: unknown) => ({
      live,
      revisions: await dataSource.query('SELECT rev_id FROM shop_rev ORDER BY rev_id'),
    }));
  /** What the shop's first revision has, as if its table had taken that then. */
  const had = (column: string, value: string): Promise<unknown> =>
    dataSource.query(`UPDATE shop_rev SET ${column} = '${value}' WHERE id = ${shop.id} AND rev_version = 1`);

  /** Expects restore, undo and their dry runs to be refused, each for the same reason and without a trace. */
  async function expectRefused(problem: RegExp, values: object): Promise<void> {
    const [newest] = (await history.timeline(Shop, shop.id, { limit: 1 })).items;
    const before = await rows();
    const attempt = (fn: () => Promise<unknown>): Promise<Error> =>
      fn().then(
        () => Promise.reject(new Error('was not refused')),
        (error: Error) => error,
      );
    for (const dryRun of [true, false]) {
      const restored = await attempt(() => history.restore(Shop, shop.id, 1, { dryRun }));
      expect(restored).toBeInstanceOf(RestoreConflictError);
      expect(restored.message).toMatch(`Shop ${shop.id} as of version 1 can't be restored: `);
      expect((restored as RestoreConflictError).conflicts).toEqual([
        { entity: 'shop', id: shop.id, problem: expect.stringMatching(problem), values },
      ]);
      const undone = await attempt(() => history.undo(newest.transaction, { dryRun }));
      expect(undone).toBeInstanceOf(UndoConflictError);
      expect((undone as UndoConflictError).transaction).toBe(newest.transaction);
      expect((undone as UndoConflictError).conflicts).toEqual([
        expect.objectContaining({ id: shop.id, problem: expect.stringMatching(problem), values }),
      ]);
      expect(await rows()).toEqual(before);
    }
    // A transaction that is given goes on as if nothing had been tried.
    await dataSource.transaction(async (manager) => {
      const options: RestoreOptions = { manager };
      await expect(history.restore(Shop, shop.id, 1, options)).rejects.toThrow(RestoreConflictError);
      await manager.update(Shop, { id: shop.id }, { seats: 2 });
    });
    expect(await dataSource.getRepository(Shop).findOneBy({ id: shop.id })).toMatchObject({ seats: 2 });
  }

  it('names the row that has the unique values now', async () => {
    await dataSource.getRepository(Shop).update({ id: shop.id }, { name: 'Eva' });
    const other = await save({ city: 'Rome', name: 'Ada', seats: 1 });
    await expectRefused(new RegExp(`city "Rome", name "Ada" is taken by Shop ${other.id}$`), {
      city: 'Rome',
      name: 'Ada',
    });
  });

  it('names it for a deleted row that would come back too', async () => {
    await dataSource.getRepository(Shop).delete({ id: shop.id });
    const other = await save({ city: 'Rome', name: 'Ada', seats: 1 });
    await expect(history.restore(Shop, shop.id, 1)).rejects.toThrow(`is taken by Shop ${other.id}`);
  });

  it('shows no value of a select: false column', async () => {
    await dataSource.getRepository(Shop).update({ id: shop.id }, { secret: null });
    const other = await save({ city: 'Oslo', name: 'Eva', seats: 1, secret: 's3cret' });
    await expectRefused(new RegExp(`^(Shop \\d+: )?secret "\\(hidden\\)" is taken by Shop ${other.id}$`), {
      secret: '(hidden)',
    });
  });

  it('leaves a partial unique index to the database', async () => {
    await dataSource.getRepository(Shop).update({ id: shop.id }, { phone: null });
    const other = await save({ city: 'Oslo', name: 'Eva', seats: 70, phone: 7 });
    await expectRefused(new RegExp(`phone 7 is taken by Shop ${other.id}`), { phone: 7 });
    // On MariaDB and MySQL it is an index of all rows.
    if (name !== 'sqlite' && name !== 'postgres') return;
    await dataSource.getRepository(Shop).update({ id: other.id }, { seats: 3 });
    expect(await history.restore(Shop, shop.id, 1)).toMatchObject({ snapshot: { phone: 7 } });
  });

  it('names the CHECK, its column and the value', async () => {
    await dataSource.getRepository(Shop).update({ id: shop.id }, { seats: 1 });
    await had('seats', '150');
    await expectRefused(/seats 150 violates the CHECK shop_is_open/, { seats: 150 });
  });

  it('names the enum column whose label is gone', async () => {
    await dataSource.getRepository(Shop).update({ id: shop.id }, { seats: 1 });
    await had('status', 'sold');
    await expectRefused(/status "sold" (no longer fits its column|violates the CHECK .*status.*)$/, {
      status: 'sold',
    });
  });

  it('says in a dry run what a restore would make', async () => {
    await dataSource.getRepository(Shop).update({ id: shop.id }, { seats: 1 });
    const before = await rows();
    const planned = await history.restore(Shop, shop.id, 1, { dryRun: true });
    expect(planned).toMatchObject({ version: 3, changes: [{ property: 'seats', from: 1, to: 60 }] });
    expect(await rows()).toEqual(before);
    await dataSource.getRepository(Shop).delete({ id: shop.id });
    expect(await history.restore(Shop, shop.id, 1, { dryRun: true })).toMatchObject({
      version: 4,
      operation: 'insert',
    });
    expect(await dataSource.getRepository(Shop).countBy({ id: shop.id })).toBe(0);
  });
});
