import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { AuditConfigurationError, attachAudit, Audited, revisionOf } from 'nestjs-typeorm-audit';
import {
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  type MigrationInterface,
  PrimaryGeneratedColumn,
  type QueryRunner,
  type Repository,
} from 'typeorm';
import { createDatabase, describeDatabases } from '../../support/servers/databases.js';

@Entity('tag')
class Tag {
  @PrimaryGeneratedColumn() id: number;
}

@Audited()
@Entity('room')
class Room {
  @PrimaryGeneratedColumn() id: number;
  @Column({ type: 'varchar', nullable: true }) name: string | null;
  @ManyToMany(() => Tag) @JoinTable({ name: 'room_tags' }) tags: Tag[];
}

@Audited()
@Entity('note')
class Note {
  @PrimaryGeneratedColumn() id: number;
}

class SeedRooms1700000000000 implements MigrationInterface {
  async up({ manager }: QueryRunner): Promise<void> {
    await manager.getRepository(Room).save({ name: 'Blue' });
  }
  async down(): Promise<void> {}
}

const WRITES: Readonly<Record<string, (rooms: Repository<Room>) => Promise<unknown>>> = {
  'save()': (rooms) => rooms.save({ name: 'Blue' }),
  'remove()': async (rooms) => rooms.remove((await rooms.find())[0]),
  'insert()': (rooms) => rooms.insert({ name: 'Blue' }),
  'update()': (rooms) =>
    rooms.update({}, { name: 'Red' }).catch(() => rooms.update({ id: 1 }, { name: 'Red' })),
  'delete()': (rooms) => rooms.delete({ id: 1 }),
  'a query builder': (rooms) => rooms.createQueryBuilder().update().set({ name: 'Red' }).execute(),
  'relation().add()': (rooms) => rooms.createQueryBuilder().relation('tags').of(1).add(1),
  'clear()': (rooms) => rooms.manager.clear(Note),
};

describeDatabases('a data source that nobody attached', (name) => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let warn: jest.SpiedFunction<Logger['warn']>;

  beforeEach(async () => {
    delete process.env.AUDIT_UNATTACHED;
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const database = await createDatabase(name);
    dataSource = new DataSource({
      ...database.options,
      entities: [Room, Tag, Note],
      migrations: [SeedRooms1700000000000],
      synchronize: true,
    });
    await dataSource.initialize();
    close = async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
      await database.drop();
    };
    await dataSource.getRepository(Tag).insert({});
    await dataSource.query(`INSERT INTO room (name) VALUES ('White')`);
  });

  afterEach(async () => {
    delete process.env.AUDIT_UNATTACHED;
    jest.restoreAllMocks();
    await close();
  });

  it.each(Object.keys(WRITES))('says so at its first write, which is %s', async (write) => {
    await WRITES[write](dataSource.getRepository(Room));
    await WRITES['save()'](dataSource.getRepository(Room));
    expect(warn.mock.calls.map(String)).toEqual([
      expect.stringMatching(
        /A write to (room|room_tags|note) is not recorded.*attachAudit\(dataSource\).*are room, note, room_tags\./,
      ),
    ]);
  });

  it.each(Object.keys(WRITES))('throws before %s where the environment says so', async (write) => {
    process.env.AUDIT_UNATTACHED = 'throw';
    const rooms = dataSource.getRepository(Room);
    await expect(WRITES[write](rooms)).rejects.toThrow(AuditConfigurationError);
    await expect(WRITES[write](rooms)).rejects.toThrow(
      /A write to (room|room_tags|note) is not recorded.*Nothing was written/,
    );
    expect(await dataSource.query('SELECT name FROM room')).toEqual([{ name: 'White' }]);
    expect(await dataSource.query('SELECT * FROM room_tags')).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('says nothing where it is told to, of reads, or of tables that are not audited', async () => {
    await dataSource.getRepository(Tag).save({});
    await dataSource.getRepository(Room).find();
    process.env.AUDIT_UNATTACHED = 'ignore';
    await dataSource.getRepository(Room).save({ name: 'Blue' });
    expect(warn).not.toHaveBeenCalled();
    process.env.AUDIT_UNATTACHED = 'thorw';
    await expect(dataSource.getRepository(Room).save({ name: 'Red' })).rejects.toThrow(
      /warn, throw or ignore, got "thorw"/,
    );
  });

  it('says nothing once it has been attached, and after that was ended', async () => {
    const { detach } = attachAudit(dataSource);
    await dataSource.getRepository(Room).save({ name: 'Blue' });
    detach();
    await dataSource.getRepository(Room).save({ name: 'Red' });
    expect(await dataSource.getRepository(revisionOf(Room)).count()).toBe(1);
    expect(warn).not.toHaveBeenCalled();
  });

  it('says of a migration that writes what to do', async () => {
    await dataSource.runMigrations();
    expect(warn.mock.calls.map(String)).toEqual([
      expect.stringMatching(
        /attach before dataSource\.runMigrations\(\), or call AuditMaintenance\.backfill\(\)/,
      ),
    ]);
  });
});
