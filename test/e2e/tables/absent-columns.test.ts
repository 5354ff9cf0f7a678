import { expect, it } from '@jest/globals';
import { attachAudit, Audited, revisionOf } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase, type DatabaseName, describeDatabases } from '../../support/servers/databases.js';

/** What is computed by queries that select it, and is no column of the table. */
class Place {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', nullable: true }) name: string | null;
  @Column({ type: 'int', insert: false, update: false, select: false, nullable: true }) distance?: number;
}

describeDatabases('a mapped column that the database lacks', (name) => {
  it.each([
    ['neither has the revision table', false],
    ['the revision table has it', true],
  ])('leaves writes as they are without the library; %s', async (_, isKept) => {
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(plain(await outcome(name, true, isKept))).toEqual(plain(await outcome(name, false, isKept)));
  });

  it('is recorded where the database has it', async () => {
    const database = await createDatabase(name);
    const Audit = entityOf(true);
    const dataSource = new DataSource({
      ...database.options,
      entities: [Audit],
      synchronize: true,
    });
    try {
      const { history } = attachAudit(await dataSource.initialize());
      const { id } = await dataSource.getRepository(Audit).save({ name: 'Here' });
      await dataSource.query('UPDATE place SET distance = 7');
      await dataSource.getRepository(Audit).update(id, { name: 'There' });
      const [row] = await dataSource.query('SELECT * FROM place_rev WHERE rev_version = 2');
      expect(row).toMatchObject({ name: 'There', distance: 7 });
      expect(await history.latest(Audit, id)).toMatchObject({ version: 2 });
    } finally {
      await dataSource.destroy();
      await database.drop();
    }
  });
});

function entityOf(isAudited: boolean): new () => Place {
  class PlaceOf extends Place {}
  Entity('place')(PlaceOf);
  if (isAudited) Audited({ deletedState: 'last' })(PlaceOf);
  return PlaceOf;
}

/** What an application sees of its writes, and with the library of the history too, which has to be that of its writes. */
async function outcome(name: DatabaseName, isAudited: boolean, isKept: boolean): Promise<unknown> {
  const database = await createDatabase(name);
  const PlaceOf = entityOf(isAudited);
  const dataSource = new DataSource({
    ...database.options,
    entities: [PlaceOf],
    synchronize: true,
  });
  try {
    await dataSource.initialize();
    await dataSource.query('ALTER TABLE place DROP COLUMN distance');
    if (isAudited && !isKept) await dataSource.query('ALTER TABLE place_rev DROP COLUMN distance');
    const audit = isAudited ? attachAudit(dataSource) : undefined;
    const places = dataSource.getRepository(PlaceOf);
    await places.update({ name: 'Nowhere' }, { name: 'Here' });
    const saved = await places.save([{ name: 'A' }, { name: 'B' }]);
    const inserted = await places.insert({ name: 'C' });
    const updated = await places.update({ name: 'A' }, { name: 'D' });
    const deleted = await places.delete({ name: 'B' });
    if (audit) {
      const operations = (
        await dataSource.getRepository(revisionOf(PlaceOf)).find({ order: { revId: 'ASC' } })
      ).map(({ revOperation }) => revOperation);
      expect(operations).toEqual(['insert', 'insert', 'insert', 'update', 'delete']);
      expect((await audit.history.timeline(PlaceOf, 2)).items[0]).toMatchObject({ operation: 'delete' });
      const inOrder = { order: { id: 'ASC' } } as const;
      expect(await audit.history.at(new Date()).find(PlaceOf, inOrder)).toEqual(await places.find(inOrder));
      expect(await audit.maintenance.verify()).toMatchObject({ ok: true });
      await audit.history.restore(PlaceOf, 2, 1);
      await places.delete(2);
    }
    return {
      saved,
      inserted: inserted.identifiers,
      updated: updated.affected,
      deleted: deleted.affected,
      left: await places.find({ order: { id: 'ASC' } }),
    };
  } finally {
    await dataSource.destroy();
    await database.drop();
  }
}
