import { afterEach, describe, expect, it } from '@jest/globals';
import { attachAudit, Audited, type HistoryService, Masked } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase, databasesOfThisRun, type TestDatabase } from '../../support/servers/databases.js';

const OLD = 'a key of more than sixteen characters';
const NEW = 'another key of more than sixteen characters';

@Audited()
@Entity('guest')
class Guest {
  @PrimaryGeneratedColumn() id: number;

  @Masked('hash')
  @Column({ type: 'varchar', length: 40, charset: 'utf8mb4' })
  wide: string;

  @Masked('hash')
  @Column({ type: 'varchar', length: 40 })
  narrow: string;

  @Masked((column) => `left(${column}, 1)`)
  @Column({ type: 'varchar', length: 40, charset: 'utf8mb4' })
  surname: string;

  @Masked((column) => `left(${column}, 1)`)
  @Column({ type: 'varchar', length: 40 })
  city: string;

  @Column({ type: 'int' }) room: number;
}

const names = databasesOfThisRun().filter((name) => name === 'mariadb' || name === 'mysql');

(names.length > 0 ? describe.each(names) : describe.skip.each(['no server'] as never[]))(
  'masks in a latin1 schema (%s)',
  (name) => {
    let database: TestDatabase;
    let dataSource: DataSource;

    afterEach(async () => {
      await dataSource.destroy();
      await database.drop();
    });

    async function open(): Promise<void> {
      database = await createDatabase(name, { charset: 'latin1' });
      dataSource = new DataSource({ ...database.options, entities: [Guest], synchronize: true });
      await dataSource.initialize();
    }

    async function versions(history: HistoryService, id: number): Promise<number> {
      return (await history.latest(Guest, id))!.version;
    }

    const guest = { wide: 'Łukasz', narrow: 'Müller', surname: 'Łoś', city: 'Übach', room: 1 };

    it('digest and compare text of every character set, under several keys too', async () => {
      await open();
      const guests = dataSource.getRepository(Guest);
      const { history, detach } = attachAudit(dataSource, { maskKey: OLD });
      const { id } = await guests.save({ ...guest });
      expect((await history.latest(Guest, id))!.snapshot).toMatchObject({ surname: 'Ł', city: 'Ü' });
      detach();
      const changed = attachAudit(dataSource, { maskKey: [NEW, OLD] });
      await guests.save({ id, wide: 'Łucja' });
      await guests.update({ room: 1 }, { room: 2 });
      await guests.update(id, { surname: 'Łaska', city: 'Überlingen' });
      expect(await versions(changed.history, id)).toBe(3);
      expect(await changed.maintenance.verify()).toMatchObject({ ok: true });
      expect((await dataSource.driver.createSchemaBuilder().log()).upQueries).toEqual([]);
    });

    it('compare with copies that an earlier version made in the character set of the schema', async () => {
      await open();
      await dataSource.query('ALTER TABLE guest_rev MODIFY city text CHARACTER SET latin1 NULL');
      const guests = dataSource.getRepository(Guest);
      const { history, maintenance } = attachAudit(dataSource, { maskKey: OLD });
      const { id } = await guests.save({ ...guest });
      await guests.update(id, { city: 'Überlingen' });
      await guests.update({ room: 1 }, { city: 'Übach' });
      expect(await versions(history, id)).toBe(1);
      expect(await maintenance.verify()).toMatchObject({ ok: true });
    });
  },
);
