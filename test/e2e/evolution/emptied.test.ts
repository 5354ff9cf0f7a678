import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { type AttachedAudit, attachAudit } from '../../../src/attach-audit.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { MaintenanceRecord } from '../../../src/revision/maintenance-record.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import {
  createDatabase,
  databasesOfThisRun,
  skipForWantOfServers,
  type TestDatabase,
} from '../../support/servers/databases.js';

class Item {
  id: number;
  title: string;
  note: string | null;
}
Audited()(Item);

/** What the longer column is in the database at hand, by a statement that keeps its values. */
const KEEPING = {
  postgres: 'ALTER TABLE item ALTER COLUMN note TYPE varchar(50)',
  mariadb: 'ALTER TABLE item MODIFY note varchar(50) NULL',
  mysql: 'ALTER TABLE item MODIFY note varchar(50) NULL',
};

// SQLite's tables are rebuilt with their values.
const servers = databasesOfThisRun().filter((name) => name !== 'sqlite');
if (servers.length === 0) skipForWantOfServers('a column that a migration empties');
else
  describe.each(servers)('a column that a migration empties (%s)', (name) => {
    let database: TestDatabase;
    const opened: DataSource[] = [];

    const open = async (length: number): Promise<DataSource> => {
      const note: EntitySchemaColumnOptions = { type: 'varchar', length, nullable: true };
      const entity = new EntitySchema<Item>({
        name: 'Item',
        target: Item,
        tableName: 'item',
        columns: { id: { type: 'int', primary: true }, title: { type: 'varchar', length: 20 }, note },
      });
      const dataSource = new DataSource({ ...database.options, entities: [entity], synchronize: true });
      opened.push(dataSource);
      return dataSource.initialize();
    };

    const migrated = async (keeps: boolean): Promise<{ dataSource: DataSource; audit: AttachedAudit }> => {
      const before = await open(20);
      await attachAudit(before).checkTables();
      await before.getRepository(Item).insert([
        { id: 1, title: 'one', note: 'first' },
        { id: 2, title: 'two', note: 'second' },
        { id: 3, title: 'three', note: null },
      ]);
      if (keeps) await before.query(KEEPING[name]);
      const dataSource = await open(50);
      return { dataSource, audit: attachAudit(dataSource) };
    };

    beforeEach(async () => {
      database = await createDatabase(name);
    });
    afterEach(async () => {
      for (const dataSource of opened.splice(0)) await dataSource.destroy();
      await database.drop();
    });

    it('is reported, and nobody is blamed for it', async () => {
      const { dataSource, audit } = await migrated(false);
      const items = dataSource.getRepository(Item);
      expect(await items.findOneBy({ id: 1 })).toMatchObject({ note: null });
      expect(await audit.maintenance.verify()).toMatchObject({
        ok: true,
        emptied: [{ table: expect.stringMatching(/item$/), column: 'note', rows: 2, at: expect.any(Date) }],
      });
      const records = await dataSource.getRepository(MaintenanceRecord).findBy({ action: 'emptied' });
      expect(records).toMatchObject([{ details: { column: 'note' }, actor: null }]);

      await items.update(1, { title: 'one' });
      expect(await dataSource.getRepository(revisionOf(Item)).countBy({ id: 1 })).toBe(1);
      await items.update(1, { title: 'uno' });
      await items.update(2, { note: 'third' });
      await items.delete(3);
      const { history } = audit;
      expect((await history.latest(Item, 1))!.changes).toEqual([
        { property: 'title', from: 'one', to: 'uno' },
      ]);
      expect((await history.latest(Item, 2))!.changes).toEqual([
        { property: 'note', from: null, to: 'third' },
      ]);
      const filtered = await history.timeline(Item, 1, { property: 'note' });
      expect(filtered.items.map(({ version }) => version)).toEqual([1]);
      const { items: feed } = await history.feed({ entities: [Item] });
      expect(feed.find(({ entityId, version }) => entityId === 1 && version === 2)!.changes).toEqual([
        { property: 'title', from: 'one', to: 'uno' },
      ]);
      // The history has the values, and brings them back.
      const first = (await history.revision(Item, 1, 1))!;
      expect(first.snapshot).toMatchObject({ note: 'first' });
      expect(await history.at(first).findOneBy(Item, { id: 1 })).toMatchObject({ note: 'first' });
      await history.restore(Item, 1, 1);
      expect(await items.findOneBy({ id: 1 })).toMatchObject({ title: 'one', note: 'first' });
      expect((await audit.maintenance.verify()).ok).toBe(true);
      await expectInvariants(dataSource);
    });

    it('is what a writer did, where the migration kept the values', async () => {
      const { dataSource, audit } = await migrated(true);
      const items = dataSource.getRepository(Item);
      expect(await audit.maintenance.verify()).not.toHaveProperty('emptied');
      await items.update(1, { note: null });
      expect((await audit.history.latest(Item, 1))!.changes).toEqual([
        { property: 'note', from: 'first', to: null },
      ]);
      await expectInvariants(dataSource);
    });
  });
