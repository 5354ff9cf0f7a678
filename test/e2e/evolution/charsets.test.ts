import { describe, expect, it } from '@jest/globals';
import { attachAudit, type AttachedAudit } from 'nestjs-typeorm-audit';
import { DataSource, type Repository } from 'typeorm';
import { text } from '../../support/evolution/kind.js';
import { itemOf } from '../../support/evolution/version.js';
import { createDatabase, databasesOfThisRun, skipForWantOfServers } from '../../support/servers/databases.js';

const names = databasesOfThisRun().filter((name) => name === 'mariadb' || name === 'mysql');
if (names.length === 0) skipForWantOfServers('A change of the character set');

interface Row {
  id: number;
  title: string;
  c: string;
}

// TypeORM sees no change of a character set or collation there, so it is made by hand.
for (const name of names)
  describe(`A change of the character set by hand (${name})`, () => {
    const item = itemOf({
      columns: { c: { ...text(20), charset: 'latin1', collation: 'latin1_swedish_ci' } },
    });

    const onTables = async (
      run: (dataSource: DataSource, items: Repository<Row>, audit: AttachedAudit) => Promise<void>,
    ): Promise<void> => {
      const database = await createDatabase(name);
      const dataSource = await new DataSource({
        ...database.options,
        entities: [item],
        synchronize: true,
      }).initialize();
      try {
        const audit = attachAudit(dataSource);
        const items = dataSource.getRepository<Row>(item);
        await items.insert({ id: 1, title: 'first', c: 'né' });
        await run(dataSource, items, audit);
      } finally {
        await dataSource.destroy();
        await database.drop();
      }
    };
    const convert = (dataSource: DataSource, table: string, charset = 'utf8mb4'): Promise<unknown> =>
      dataSource.query(`ALTER TABLE ${table} CONVERT TO CHARACTER SET ${charset}`);

    it('is nobody’s change, in one table or in both', () =>
      onTables(async (dataSource, items, { history, maintenance }) => {
        await convert(dataSource, 'item');
        await expect(maintenance.verify()).resolves.toMatchObject({ ok: true });
        await items.update({ id: 1 }, { title: 'first' });
        await items.update({ id: 1 }, { title: 'second' });
        await convert(dataSource, 'item_rev');
        await expect(maintenance.verify()).resolves.toMatchObject({ ok: true });
        await items.update({ id: 1 }, { c: 'né 😀' });
        const { items: revisions } = await history.timeline(item, 1);
        expect(revisions.map(({ changes }) => changes)).toMatchObject([
          [{ property: 'c', from: 'né', to: 'né 😀' }],
          [{ property: 'title', from: 'first', to: 'second' }],
          expect.any(Array),
        ]);
        await expect(maintenance.verify()).resolves.toMatchObject({ ok: true });
      }));

    it('refuses a character that only the table can store, and finds another case', () =>
      onTables(async (dataSource, items, { maintenance }) => {
        await convert(dataSource, 'item');
        await expect(items.update({ id: 1 }, { c: 'né 😀' })).rejects.toThrow(
          /Incorrect string value.*'?c'?/,
        );
        await expect(items.findOneBy({ id: 1 })).resolves.toMatchObject({ c: 'né' });
        await dataSource.query(`UPDATE item SET c = 'NÉ'`);
        await expect(maintenance.verify()).resolves.toMatchObject({
          findings: [{ kind: 'stale', keys: [{ id: 1 }] }],
        });
      }));
  });
