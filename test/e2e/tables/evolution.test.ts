import { afterEach, expect, it } from '@jest/globals';
import { Column, DataSource, type DataSourceOptions, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { describeDatabases } from '../../support/servers/databases.js';
import {
  type AuditedDatabase,
  openAudited,
  pendingMigration,
} from '../../support/worlds/audited-database.js';
import { tableShape } from '../../support/assertions/table-shape.js';

@Audited()
@Entity('booking')
class Before {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'simple-enum', enum: ['open', 'held', 'paid'] }) state: string;
  @Column({ type: 'varchar', length: 10 }) code: string;
}

@Audited()
@Entity('booking')
class After {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'simple-enum', enum: ['open', 'paid', 'void'] }) state: string;
  @Column({ type: 'varchar', length: 10 }) code: string;
  @Column({ type: 'int', default: 2 }) party: number;
}

@Entity('booking')
class Unaudited {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'simple-enum', enum: ['open', 'held', 'paid'] }) state: string;
  @Column({ type: 'varchar', length: 10 }) code: string;
}

describeDatabases('A revision table', (name) => {
  let audited: AuditedDatabase;
  afterEach(() => audited?.close());

  /** Migrates the database to another set of entities, and gives the statements. */
  const migrate = async (entities: DataSourceOptions['entities']): Promise<string[]> => {
    const later = new DataSource({
      ...audited.dataSource.options,
      entities,
      synchronize: false,
    });
    await later.initialize();
    const statements = await pendingMigration(later);
    for (const statement of statements) await later.query(statement);
    expect(await pendingMigration(later)).toEqual([]);
    await later.destroy();
    return statements;
  };

  it('outlives a label of an enum, and gets the new columns empty', async () => {
    audited = await openAudited(name, { entities: [Before] }, { file: true });
    const repository = audited.dataSource.getRepository(Before);
    const row = await repository.save({ state: 'held', code: 'a' });
    await repository.save({ ...row, state: 'open' });
    await migrate([After]);
    const revisions = await audited.dataSource.query('SELECT * FROM booking_rev ORDER BY rev_version');
    expect(revisions).toMatchObject([
      { state: 'held', party: null },
      { state: 'open', party: null },
    ]);
  });

  it('comes and goes with @Audited(), and the audited table stays as it is', async () => {
    audited = await openAudited(name, { entities: [Unaudited] }, { file: true });
    const before = await tableShape(audited.dataSource, 'booking');
    const added = await migrate([Before]);
    expect(added.filter((statement) => /["`]booking["`]/.test(statement))).toEqual([]);
    expect(added).toContainEqual(expect.stringMatching(/CREATE TABLE IF NOT EXISTS ["`]booking_rev["`]/));
    expect(await tableShape(audited.dataSource, 'booking')).toEqual(before);
    // TypeORM never drops a table that no entity has.
    expect(await migrate([Unaudited])).toEqual([]);
  });
});
