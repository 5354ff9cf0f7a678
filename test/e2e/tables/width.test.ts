import { expect, it } from '@jest/globals';
import { attachAudit, Audited } from 'nestjs-typeorm-audit';
import { Column, type ColumnOptions, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { createDatabase, type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { openAudited } from '../../support/worlds/audited-database.js';

/** The most columns of an entity whose history fits. */
const MOST: Record<DatabaseName, number> = { sqlite: 990, postgres: 826, mariadb: 1007, mysql: 1007 };

describeDatabases('wide entities', (name) => {
  it('are recorded up to a number of columns', async () => {
    const Wide = wideEntity(MOST[name], { type: 'int' });
    const { dataSource, close } = await openAudited(name, { entities: [Wide] });
    try {
      const { history, maintenance } = attachAudit(dataSource);
      const wides = dataSource.getRepository(Wide);
      await wides.save({ id: 1, c0: 1 });
      await wides.save([1, 2, 3].map((id) => ({ id, c0: 2 })));
      await wides.update({ c0: 2 }, { c0: 3 });
      await wides.delete(2);
      expect((await history.timeline(Wide, 1)).items).toHaveLength(3);
      expect(await history.at(new Date()).find(Wide)).toHaveLength(2);
      await history.restore(Wide, 1, 1);
      await history.restore(Wide, 2, 1);
      expect(await maintenance.verify()).toMatchObject({ ok: true });
    } finally {
      await close();
    }
  });

  it('are refused at start beyond it, with the numbers', async () => {
    const Wide = wideEntity(MOST[name] + 1, { type: 'int' });
    const most = MOST[name] + 10;
    await expect(openAudited(name, { entities: [Wide] })).rejects.toThrow(
      new RegExp(
        `revision table of Wide would be too wide: .*${most + 1} columns, and ${most} fit. .*exclude`,
      ),
    );
  });

  if (name === 'mariadb' || name === 'mysql') {
    const long = (length: number, charset?: string) => wideEntity(2, { type: 'varchar', length, charset });

    it('are recorded up to a number of bytes', async () => {
      // The next one doesn't fit.
      const length = await longest(name, long);
      const { dataSource, close } = await openAudited(name, { entities: [long(length)] });
      await dataSource.query('SELECT * FROM wide_rev');
      await close();
      await expect(openAudited(name, { entities: [long(length + 1)] })).rejects.toThrow(
        /rows of 65\d\d\d bytes, and 65535 fit/,
      );
      // That of the entity alone does.
      await expect(openAudited(name, { entities: [long(16_380)] })).rejects.toThrow(
        /rows of 6\d\d\d\d bytes, and 65535 fit/,
      );
    });

    it('are measured by their character set', async () => {
      const { close } = await openAudited(name, { entities: [long(60_000, 'latin1')] });
      await close();
    });
  }
});

/** The longest column whose revision table the database itself makes, without the library's look. */
async function longest(name: DatabaseName, entityOf: (length: number) => new () => object): Promise<number> {
  const database = await createDatabase(name);
  const dataSource = new DataSource({
    ...database.options,
    entities: [entityOf(10)],
    synchronize: true,
  });
  try {
    await dataSource.initialize();
    for (let length = 16_380; length > 0; length--) {
      const fits = await dataSource.query(`ALTER TABLE wide_rev MODIFY c0 varchar(${length})`).then(
        () => true,
        () => false,
      );
      if (fits) return length;
    }
    throw new Error('No column fits.');
  } finally {
    await dataSource.destroy();
    await database.drop();
  }
}

function wideEntity(count: number, options: ColumnOptions): new () => { id: number; c0: number } {
  class Wide {
    id: number;
    c0: number;
  }
  PrimaryColumn({ type: 'int' })(Wide.prototype, 'id');
  for (let n = 0; n < count - 1; n++) Column({ ...options, nullable: true })(Wide.prototype, `c${n}`);
  Entity('wide')(Wide);
  Audited()(Wide);
  return Wide;
}
