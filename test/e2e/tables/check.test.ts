import { Logger, Module, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { InjectDataSource, TypeOrmModule } from '@nestjs/typeorm';
import { afterEach, expect, it, jest } from '@jest/globals';
import { AuditConfigurationError, attachAudit, Audited, AuditModule, revisionOf } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, JoinTable, ManyToMany, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase, type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Entity('tag')
class Tag {
  @PrimaryGeneratedColumn() id: number;
}

@Audited()
@Entity('room')
class Room {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', length: 100 }) name: string;
  @Column({ type: 'int', nullable: true }) beds: number | null;
  @Column({ type: 'decimal', precision: 10, scale: 2, nullable: true }) price: string | null;
  @ManyToMany(() => Tag) @JoinTable({ name: 'room_tags' }) tags: Tag[];
}

/** How each database says what the tests do to a revision table. */
const alter = (name: DatabaseName, column: string, type: string): string =>
  name === 'postgres'
    ? `ALTER TABLE room_rev ALTER COLUMN ${column} TYPE ${type} USING NULL`
    : `ALTER TABLE room_rev MODIFY COLUMN ${column} ${type}`;

afterEach(() => {
  jest.restoreAllMocks();
});

describeDatabases('checkTables', (name) => {
  it('finds nothing in tables as TypeORM makes them, by one query, and learns their shapes and that they are complete', async () => {
    await onTables(name, async (dataSource) => {
      const queries = new QueryRecorder();
      dataSource.setOptions({ logger: queries, logging: true });
      const audit = attachAudit(dataSource);
      await audit.checkTables();
      await audit.checkTables();
      expect(queries.statements).toEqual([
        expect.stringMatching(/pg_attribute|information_schema|pragma/),
        expect.stringMatching(/^SELECT .*audit_shape/),
        expect.stringMatching(/^SELECT .* FROM .audit_maintenance. m WHERE m.action = 'emptied'/),
        expect.stringMatching(/^SELECT .* FROM .audit_maintenance. m WHERE m.action IN/),
        expect.stringMatching(/^SELECT .*0( END)? AS place, CASE .* UNION ALL SELECT .*1( END)? AS place/),
        expect.stringMatching(/^INSERT INTO .audit_maintenance. /),
      ]);
      await dataSource.getRepository(Room).save({ name: 'Blue' });
      expect(
        queries.statements.filter((text) => /pg_attribute|information_schema|pragma/.test(text)).length,
      ).toBe(1);
    });
  });

  it('lists all that is missing, and writes nothing', async () => {
    await onTables(name, async (dataSource) => {
      await dataSource.query('ALTER TABLE room_rev DROP COLUMN beds');
      await dataSource.query('DROP TABLE room_tags_rev');
      await dataSource.query('DROP TABLE audit_maintenance');
      const rooms = dataSource.getRepository(Room);
      const audit = attachAudit(dataSource);
      const lists =
        /room_rev\.beds is missing[^]*room_tags_rev is missing[^]*audit_maintenance is missing[^]*migration:generate/;
      for (const refused of [
        () => audit.checkTables(),
        () => rooms.save({ name: 'Blue' }),
        () => rooms.insert({ name: 'Blue' }),
        () => rooms.update({ name: 'Blue' }, { beds: 3 }),
        () => rooms.clear(),
      ])
        await expect(refused()).rejects.toThrow(lists);
      await expect(audit.checkTables()).rejects.toThrow(AuditConfigurationError);
      expect(await rooms.count()).toBe(0);
      // A migration that ends later needs no restart.
      await dataSource.synchronize();
      await rooms.save({ name: 'Blue' });
      expect(await dataSource.getRepository(revisionOf(Room)).count()).toBe(1);
    });
  });

  it('takes tables that are made after attachAudit()', async () => {
    await onTables(
      name,
      async (dataSource) => {
        const audit = attachAudit(dataSource);
        await audit.checkTables();
        await dataSource.synchronize();
        await dataSource.getRepository(Room).insert({ name: 'Blue' });
        expect(await dataSource.getRepository(revisionOf(Room)).count()).toBe(1);
      },
      { synchronize: false },
    );
  });

  it('stops an application that has no revision table, before its first write in onModuleInit', async () => {
    await onTables(name, async (dataSource) => {
      await dataSource.query('DROP TABLE room_rev');
      const start = (Writing?: new (...given: any[]) => object) => startWith(dataSource, {}, Writing);
      await expect(start()).rejects.toThrow(/room_rev is missing/);
      await expect(start(WritesAtStart)).rejects.toThrow(/room_rev is missing/);
      expect(await dataSource.getRepository(Room).count()).toBe(0);
    });
  });

  it("says with 'warn' what is missing, and when it is well again", async () => {
    await onTables(name, async (dataSource) => {
      const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
      const log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
      await dataSource.query('DROP TABLE room_rev');
      const app = await startWith(dataSource, { checkTables: 'warn' });
      await expect(dataSource.getRepository(Room).save({ name: 'Blue' })).rejects.toThrow();
      const warnings = warn.mock.calls.map(String).filter((text) => text.includes('revision tables'));
      expect(warnings).toEqual([expect.stringMatching(/room_rev is missing/)]);
      await dataSource.synchronize();
      await dataSource.getRepository(Room).save({ name: 'Blue' });
      expect(log.mock.calls.map(String)).toContainEqual(expect.stringMatching(/have what writes need again/));
      expect(await dataSource.getRepository(revisionOf(Room)).count()).toBe(1);
      await app.close();
    });
  });

  it('does not look where it is told not to', async () => {
    await onTables(name, async (dataSource) => {
      await dataSource.query('DROP TABLE room_tags_rev');
      const audit = attachAudit(dataSource, { checkTables: false });
      await audit.checkTables();
      await dataSource.getRepository(Room).insert({ name: 'Blue' });
      expect(await dataSource.getRepository(revisionOf(Room)).count()).toBe(1);
    });
  });

  it('refuses a NOT NULL where a write gives null, and a column that no write names', async () => {
    await onTables(name, async (dataSource) => {
      await dataSource.query('DROP TABLE room_rev');
      const runner = dataSource.createQueryRunner();
      const [uuid, json] = { postgres: ['uuid', 'jsonb'], mariadb: ['uuid', 'json'] }[name as string] ?? [
        'varchar(36)',
        'json',
      ];
      await runner.query(
        `CREATE TABLE room_rev (rev_id ${uuid} PRIMARY KEY, rev_created double precision NOT NULL, rev_isdelete boolean NOT NULL, ` +
          `rev_version int NOT NULL, rev_operation varchar(16) NOT NULL, rev_actor varchar(255) NOT NULL, rev_reason varchar(255), ` +
          `rev_transaction ${uuid} NOT NULL, rev_context ${name === 'sqlite' ? 'text' : json}, rev_shape smallint, id int NOT NULL, name varchar(100), ` +
          `beds int NOT NULL, price decimal(10,2), old varchar(5) NOT NULL, older varchar(5))`,
      );
      await runner.release();
      const refused = attachAudit(dataSource).checkTables();
      await expect(refused).rejects.toThrow(
        /rev_actor is NOT NULL, and has to take NULL\.\n.*beds is NOT NULL, and has to take NULL\.\n.*old is NOT NULL without a default/,
      );
      await expect(attachAudit(dataSource).checkTables()).rejects.not.toThrow(
        /older|rev_reason|room_rev.name/,
      );
    });
  });

  if (name !== 'sqlite') {
    it.each([
      [
        'name',
        'varchar(99)',
        /room_rev\.name is (character varying|varchar)\(99\), and has to hold .*\(100\)/,
      ],
      ['beds', 'smallint', /room_rev\.beds is smallint/],
      ['price', 'decimal(9,2)', /room_rev\.price is (numeric|decimal)\(9,2\)/],
      ['price', 'decimal(10,1)', /room_rev\.price is/],
      ['name', 'date', /room_rev\.name is date/],
    ])('refuses %s as %s', async (column, type, message) => {
      await onTables(name, async (dataSource) => {
        await dataSource.query(alter(name, column, type));
        await expect(attachAudit(dataSource).checkTables()).rejects.toThrow(message);
      });
    });

    it.each([
      ['name', 'varchar(200)'],
      ['name', 'text'],
      ['beds', 'bigint'],
      ['beds', 'decimal(12,0)'],
      ['price', 'decimal(14,2)'],
    ])('takes %s as %s, and records it', async (column, type) => {
      await onTables(name, async (dataSource) => {
        await dataSource.query(alter(name, column, type));
        await dataSource.query('ALTER TABLE room_rev ADD COLUMN former varchar(20)');
        const audit = attachAudit(dataSource);
        await audit.checkTables();
        const rooms = dataSource.getRepository(Room);
        const { id } = await rooms.save({ name: 'Blue', beds: 2, price: '10.50' });
        await rooms.update(id, { name: 'Red' });
        await rooms.update(id, { name: 'Red' });
        const versions = (await audit.history.timeline(Room, id)).items.map(({ changes }) =>
          changes.map((c) => c.property),
        );
        expect(versions[0]).toEqual(['name']);
        expect(versions.length).toBe(2);
      });
    });
  }

  if (name === 'mariadb')
    it("takes MariaDB's tables where TypeORM is told type: 'mysql', and uuid columns of versions before 10.7", async () => {
      await onTables(name, async (dataSource) => {
        await dataSource.query('ALTER TABLE room_rev MODIFY COLUMN rev_transaction varchar(36) NOT NULL');
        await attachAudit(dataSource).checkTables();
        await dataSource.getRepository(Room).insert({ name: 'Blue' });
        const other = new DataSource({ ...dataSource.options, type: 'mysql', dropSchema: true } as never);
        await attachAudit(await other.initialize()).checkTables();
        await other.destroy();
      });
    });

  if (name === 'mariadb')
    it("does not cut a value off under sql_mode = ''", async () => {
      await onTables(
        name,
        async (dataSource) => {
          await dataSource.query(alter(name, 'name', 'varchar(10)'));
          await dataSource.query("SET sql_mode = ''");
          attachAudit(dataSource);
          const rooms = dataSource.getRepository(Room);
          await expect(rooms.insert({ name: 'x'.repeat(50) })).rejects.toThrow(/varchar\(10\)/);
          expect(await rooms.count()).toBe(0);
        },
        { extra: { connectionLimit: 1 } },
      );
    });
});

class WritesAtStart implements OnModuleInit {
  constructor(readonly dataSource: DataSource) {}

  async onModuleInit(): Promise<void> {
    await this.dataSource.getRepository(Room).save({ name: 'Blue' });
  }
}
InjectDataSource()(WritesAtStart, undefined as never, 0);

async function startWith(
  dataSource: DataSource,
  options: Parameters<typeof AuditModule.forRoot>[0],
  Writing?: new (...given: any[]) => object,
) {
  @Module({ providers: Writing ? [Writing] : [] })
  class WritingModule {}
  const module = await Test.createTestingModule({
    imports: [
      TypeOrmModule.forRootAsync({
        useFactory: () => ({ ...dataSource.options, synchronize: false }),
        dataSourceFactory: async () => dataSource,
      }),
      AuditModule.forRoot(options),
      WritingModule,
    ],
  }).compile();
  return module.init();
}

async function onTables(
  name: DatabaseName,
  fn: (dataSource: DataSource) => Promise<void>,
  options = {},
): Promise<void> {
  const database = await createDatabase(name);
  const dataSource = new DataSource({
    ...database.options,
    entities: [Room, Tag],
    synchronize: true,
    ...options,
  });
  try {
    await dataSource.initialize();
    await fn(dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.drop();
  }
}
