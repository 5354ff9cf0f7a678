import { afterEach, expect, it } from '@jest/globals';
import { type INestApplication } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { attachAudit, Audited, AuditMaintenance, AuditModule, HistoryService } from 'nestjs-typeorm-audit';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  JoinTable,
  ManyToMany,
  type MigrationInterface,
  PrimaryColumn,
  type QueryRunner,
  Table,
} from 'typeorm';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { dataSourceOf as dataSourceOfRunner } from '../../../src/typeorm/data-source-of.js';
import { dataSourceOf, startApp } from '../../support/http/app.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Audited()
@Entity()
class Right {
  @PrimaryColumn('int') id: number;
  @Column({ type: 'varchar', nullable: true }) name: string | null;
}

@Audited()
@Entity()
class Role {
  @PrimaryColumn('int') id: number;
  @Column() name: string;
  @ManyToMany(() => Right) @JoinTable({ name: 'role_right' }) rights: Right[];
}

const entities = [Role, Right];

/** Makes the tables of the entities, as an old migration of an application has done before it had audit. */
async function createTables(queryRunner: QueryRunner, isOurs: (name: string) => boolean): Promise<void> {
  const dataSource = dataSourceOfRunner(queryRunner);
  for (const metadata of dataSource.entityMetadatas)
    if (isOurs(metadata.tableName)) await queryRunner.createTable(Table.create(metadata, dataSource.driver));
}
const isRevision = (name: string): boolean => /_rev$|^audit_/.test(name);

async function seed({ manager }: QueryRunner): Promise<void> {
  await manager.insert(Role, { id: 1, name: 'admin' });
  const rights = await manager.save(Right, [
    { id: 7, name: 'read' },
    { id: 8, name: null },
  ]);
  await manager.save(Role, { id: 2, name: 'guest', rights: rights.slice(0, 1) });
  await manager.update(Role, 2, { name: 'visitor' });
  await manager.upsert(Role, [{ id: 3, name: 'cook' }], ['id']);
  await manager.increment(Role, { id: 99 }, 'id', 1);
  await manager.delete(Role, 3);
}

class SeedOfOld1700000000001 implements MigrationInterface {
  transaction?: boolean;
  async up(queryRunner: QueryRunner) {
    await createTables(queryRunner, (name) => !isRevision(name));
    await seed(queryRunner);
  }
  async down() {}
}

class MakeHistory1700000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner) {
    await createTables(queryRunner, isRevision);
    await queryRunner.manager.update(Role, 1, { name: 'root' });
  }
  async down(queryRunner: QueryRunner) {
    await queryRunner.manager.update(Role, 1, { name: 'admin again' });
    await queryRunner.dropTable('role_rev');
    await queryRunner.manager.update(Role, 1, { name: 'admin' });
    await queryRunner.createTable(
      Table.create(
        auditPlansOf(dataSourceOfRunner(queryRunner)).get(Role).revision,
        dataSourceOfRunner(queryRunner).driver,
      ),
    );
  }
}

class Warnings extends QueryRecorder {
  readonly warnings: string[] = [];
  override log(...[level, message]: unknown[]): void {
    if (level === 'warn') this.warnings.push(String(message));
  }
}

describeDatabases('Migrations of an audited data source', (name) => {
  let database: TestDatabase | undefined;
  let dataSource: DataSource;
  let app: INestApplication | undefined;
  let logger: Warnings;
  afterEach(async () => {
    await app?.close();
    app = undefined;
    if (dataSource?.isInitialized) await dataSource.destroy();
    await database?.drop();
    database = undefined;
  });
  const options = async (migrations: DataSourceOptions['migrations']): Promise<DataSourceOptions> => {
    database = await createDatabase(name, { file: true });
    logger = new Warnings();
    return { ...database.options, entities, migrations, logger };
  };
  const open = async (migrations: DataSourceOptions['migrations'] = []) => {
    dataSource = await new DataSource(await options(migrations)).initialize();
    return attachAudit(dataSource);
  };
  const roles = () => dataSource.manager.find(Role, { order: { id: 'ASC' }, relations: { rights: true } });
  const seeded = [
    { id: 1, name: 'root', rights: [] },
    { id: 2, name: 'visitor', rights: [{ id: 7, name: 'read' }] },
  ];

  it.each(['all', 'each', 'none'] as const)(
    'seed tables whose revision tables come later, with transaction: %s',
    async (transaction) => {
      const { history, maintenance } = await open([SeedOfOld1700000000001, MakeHistory1700000000002]);
      expect(await dataSource.runMigrations({ transaction })).toHaveLength(2);
      expect(await roles()).toMatchObject(seeded);
      // What could be recorded was.
      expect((await history.timeline(Role, 1)).items).toMatchObject([
        { operation: 'update', version: 2 },
        { operation: 'baseline', version: 1 },
      ]);
      expect((await history.timeline(Role, 2)).items).toEqual([]);
      expect(logger.warnings).toHaveLength(3);
      for (const table of ['role', 'right', 'role_right'])
        expect(logger.warnings).toContainEqual(
          expect.stringMatching(
            new RegExp(`^A migration writes to (public\\.)?${table}, whose revision table`),
          ),
        );
      await maintenance.backfill();
      await expectInvariants(dataSource);
      expect((await history.timeline(Role, 2)).items).toMatchObject([
        { operation: 'baseline', version: 1, snapshot: { name: 'visitor' } },
      ]);
      await dataSource.manager.update(Role, 2, { name: 'friend' });
      expect((await history.timeline(Role, 2)).items).toMatchObject([
        { version: 2, changes: [{ property: 'name', from: 'visitor', to: 'friend' }] },
        { operation: 'baseline' },
      ]);
      await expectInvariants(dataSource);
    },
  );

  it('seed them in a migration that has no transaction of its own', async () => {
    class Untransacted1700000000001 extends SeedOfOld1700000000001 {
      override transaction = false;
    }
    const { maintenance } = await open([Untransacted1700000000001, MakeHistory1700000000002]);
    await dataSource.runMigrations({ transaction: 'each' });
    expect(await roles()).toMatchObject(seeded);
    await maintenance.backfill();
    await expectInvariants(dataSource);
  });

  it('write to them while they are reverted', async () => {
    const { history } = await open([SeedOfOld1700000000001, MakeHistory1700000000002]);
    await dataSource.runMigrations();
    await dataSource.undoLastMigration();
    expect((await roles()).at(0)).toMatchObject({ name: 'admin' });
    expect((await history.timeline(Role, 1)).items).toEqual([]);
    expect(logger.warnings.filter((warning) => /role_rev is not there/.test(warning))).toHaveLength(2);
  });

  it('change columns before the revision table has all of them', async () => {
    const { history } = await open();
    await dataSource.synchronize();
    await dataSource.manager.insert(Right, { id: 7, name: 'read' });
    class AddName1700000000003 implements MigrationInterface {
      async up(queryRunner: QueryRunner) {
        const { revision } = auditPlansOf(dataSourceOfRunner(queryRunner)).get(Right);
        const column = (await queryRunner.getTable(revision.tablePath))!.findColumnByName('name')!;
        await queryRunner.dropColumn(revision.tablePath, 'name');
        await queryRunner.manager.update(Right, 7, { name: 'see' });
        await queryRunner.addColumn(revision.tablePath, column);
        await queryRunner.manager.update(Right, 7, { name: 'look' });
      }
      async down() {}
    }
    dataSource.migrations.push(new AddName1700000000003());
    await dataSource.runMigrations();
    expect((await history.timeline(Right, 7)).items).toMatchObject([
      { version: 2, snapshot: { name: 'look' } },
      { version: 1 },
    ]);
    expect(logger.warnings).toEqual([expect.stringMatching(/right_rev is not there yet or lacks columns/)]);
  });

  it('record what they write to tables that have one', async () => {
    const { history } = await open();
    await dataSource.synchronize();
    class Seed1700000000003 implements MigrationInterface {
      up = seed;
      async down({ manager }: QueryRunner) {
        await manager.delete(Role, [1, 2]);
      }
    }
    dataSource.migrations.push(new Seed1700000000003());
    await dataSource.runMigrations();
    expect(logger.warnings).toEqual([]);
    await expectInvariants(dataSource);
    expect((await history.timeline(Role, 2)).items).toHaveLength(2);
    await dataSource.undoLastMigration();
    await expectInvariants(dataSource);
    expect(await history.latest(Role, 2)).toMatchObject({ isDelete: true });
  });

  it('leave a missing revision table an error when they have run, or failed', async () => {
    class Fails1700000000003 implements MigrationInterface {
      async up({ manager }: QueryRunner) {
        await manager.update(Role, 1, { name: 'half' });
        throw new Error('broken migration');
      }
      async down() {}
    }
    await open([SeedOfOld1700000000001]);
    const write = () => dataSource.manager.update(Role, 1, { name: 'king' });
    await dataSource.runMigrations();
    await expect(write()).rejects.toThrow(/role_rev/);
    dataSource.migrations.push(new Fails1700000000003());
    await expect(dataSource.runMigrations({ transaction: 'each' })).rejects.toThrow('broken migration');
    await expect(write()).rejects.toThrow(/role_rev/);
    expect((await roles()).at(0)).toMatchObject({ name: 'admin' });
  });

  it('that run at start-up leave the same to AuditModule, and to a data source that is initialised again', async () => {
    const migrations = [SeedOfOld1700000000001, MakeHistory1700000000002];
    const start = async (): Promise<void> => {
      app = await startApp({
        imports: [
          TypeOrmModule.forRoot({ ...(await options(migrations)), migrationsRun: true, retryAttempts: 0 }),
          AuditModule.forRoot(),
        ],
      });
      dataSource = dataSourceOf(app);
    };
    await start();
    expect(await roles()).toMatchObject(seeded);
    await app!.get(AuditMaintenance).backfill();
    await expectInvariants(dataSource);
    expect(await app!.get(HistoryService).latest(Role, 2)).toMatchObject({ operation: 'baseline' });

    await dataSource.dropDatabase();
    await dataSource.destroy();
    await dataSource.initialize();
    expect(await roles()).toMatchObject(seeded);
    expect((await app!.get(HistoryService).timeline(Role, 1)).items).toMatchObject([
      { operation: 'update' },
      { operation: 'baseline' },
    ]);
  });
});
