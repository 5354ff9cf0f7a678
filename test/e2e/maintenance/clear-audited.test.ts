import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  BaseEntity,
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToOne,
  JoinColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { clearAudited } from '../../../src/maintenance/clear-audited.js';
import { MaintenanceRecord } from '../../../src/revision/maintenance-record.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Audited()
@Entity()
class Label {
  @PrimaryGeneratedColumn() id: number;
  @Column() text: string;
}

// Teams and people refer to each other, people to people.
@Audited()
@Entity()
class Team extends BaseEntity {
  @PrimaryGeneratedColumn() id: number;
  @OneToOne(() => Person) @JoinColumn() lead: unknown;
  @ManyToMany(() => Label) @JoinTable() labels: Label[];
}

@Audited()
@Entity()
class Person extends BaseEntity {
  @PrimaryGeneratedColumn() id: number;
  @ManyToOne(() => Team, { onDelete: 'RESTRICT' }) team: Team;
  @ManyToOne(() => Person) boss: unknown;
}

@Entity()
class Visit {
  @PrimaryGeneratedColumn() id: number;
  @ManyToOne(() => Person, { onDelete: 'CASCADE' }) person: Person;
}

describeDatabases('clearAudited()', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let detach: () => void;

  beforeAll(async () => {
    database = await createDatabase(name);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Person, Team, Label, Visit],
      synchronize: true,
    }).initialize();
    ({ detach } = attachAudit(dataSource));
  });
  afterAll(async () => {
    detach?.();
    if (dataSource?.isInitialized) await dataSource.destroy();
    await database?.drop();
  });

  beforeEach(async () => {
    const { manager } = dataSource;
    const labels = await manager.save(Label, [{ text: 'a' }, { text: 'b' }]);
    const team = await manager.save(Team, { labels });
    const boss = await manager.save(Person, { team });
    await manager.save(Person, { team, boss });
    await manager.save(Team, { id: team.id, lead: boss });
  });
  const env = process.env.NODE_ENV;
  afterEach(async () => {
    process.env.NODE_ENV = env;
    await dataSource.query(`DELETE FROM ${dataSource.driver.escape('visit')}`);
    await clearAudited(dataSource);
  });

  const rows = async (): Promise<number> => {
    const counts = await Promise.all(
      dataSource.entityMetadatas
        .filter(({ target, tableName }) => target !== Visit && tableName !== 'audit_shape')
        .map(({ tablePath }) =>
          dataSource.query(`SELECT 1 AS n FROM ${dataSource.driver.escape(tablePath)}`),
        ),
    );
    return counts.flat().length;
  };

  it('empties audited tables and their histories, whatever refers to what', async () => {
    expect(await rows()).toBeGreaterThan(10);
    await clearAudited(dataSource);
    expect(await rows()).toBe(0);
  });

  it('lets the numbering of keys go on, and writes be recorded afterwards', async () => {
    const [last] = await dataSource.getRepository(Label).find({ order: { id: 'DESC' } });
    await clearAudited(dataSource);
    const label = await dataSource.getRepository(Label).save({ text: 'c' });
    if (name !== 'sqlite') expect(label.id).toBeGreaterThan(last.id);
    const revisions = await dataSource.getRepository(revisionOf(Label)).find();
    expect(revisions).toMatchObject([{ id: label.id, revVersion: 1, revOperation: 'insert' }]);
  });

  it('refuses where rows of other tables refer to audited ones, and then leaves everything', async () => {
    const [person] = await Person.find();
    await dataSource.getRepository(Visit).save({ person });
    const before = await rows();
    await expect(clearAudited(dataSource)).rejects.toThrow(
      "clearAudited() can't empty Person: rows of Visit, which is not audited, refer to it. Empty Visit first.",
    );
    expect(await rows()).toBe(before);
  });

  it('refuses in production, unless told', async () => {
    process.env.NODE_ENV = 'production';
    const before = await rows();
    await expect(clearAudited(dataSource)).rejects.toThrow('evenInProduction: true');
    expect(await rows()).toBe(before);
    await clearAudited(dataSource, { evenInProduction: true });
    expect(await rows()).toBe(0);
  });

  it('is named by the error that the usual loop over all entities meets', async () => {
    const clear = dataSource.getRepository(revisionOf(Label)).clear();
    await expect(clear).rejects.toThrow('clearAudited(dataSource)');
  });

  it('finds revision classes that are active records where their entities are', async () => {
    for (const target of [revisionOf(Team), revisionOf(Person), MaintenanceRecord]) {
      const model = target as unknown as typeof BaseEntity;
      expect(model.getRepository().metadata.target).toBe(target);
      expect(await model.count()).toBeGreaterThanOrEqual(0);
    }
    expect(revisionOf(Label)).not.toHaveProperty('getRepository');
  });
});
