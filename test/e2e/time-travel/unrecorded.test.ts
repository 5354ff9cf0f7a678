import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { type AttachedAudit, attachAudit, Audited, MaintenanceRecord } from 'nestjs-typeorm-audit';
import { Column, DataSource, Entity, JoinTable, ManyToMany, PrimaryGeneratedColumn } from 'typeorm';
import { Tag } from '../../support/entities/tag.js';
import { createDatabase, describeDatabases, type TestDatabase } from '../../support/servers/databases.js';

@Audited()
@Entity('room')
class Room {
  @PrimaryGeneratedColumn() id: number;
  @Column() floor: number;
  @ManyToMany(() => Tag) @JoinTable({ name: 'room_tag' }) tags: Tag[];
}

// Behind every revision that the tests make.
const NOW = new Date('2100-01-01');

describeDatabases('history.at() of a table with rows that have no revision', (name) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let audit: AttachedAudit;
  let warn: jest.SpiedFunction<Logger['warn']>;

  /** A process of the application. */
  async function start(): Promise<void> {
    dataSource = new DataSource({ ...database.options, entities: [Room, Tag], synchronize: true });
    await dataSource.initialize();
    audit = attachAudit(dataSource);
  }

  async function restart(): Promise<void> {
    await stop();
    await start();
  }

  async function stop(): Promise<void> {
    audit.detach();
    await dataSource.destroy();
  }

  beforeEach(async () => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    database = await createDatabase(name, { file: true });
    await start();
  });

  afterEach(async () => {
    warn.mockRestore();
    await stop();
    await database.drop();
  });

  const warnings = (): string[] => warn.mock.calls.map(([message]) => String(message));
  const tables = (): (string | undefined)[] =>
    warnings().map((text) => /reads (\S+) without/.exec(text)?.[1].split('.').at(-1));

  /** Rows as they were there before the library. */
  async function rowsOfBefore(rooms: number): Promise<void> {
    const values = Array.from({ length: rooms }, (_, n) => `(${n})`);
    await dataSource.query(`INSERT INTO room (floor) VALUES ${values.join(', ')}`);
  }

  it('warns once, with the table and the remedy, and reads what it has', async () => {
    await rowsOfBefore(2);
    await dataSource.getRepository(Room).update(2, { floor: 7 });
    expect(await audit.history.at(NOW).find(Room)).toMatchObject([{ id: 2, floor: 7 }]);
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^history\.at\(\) reads \S*room without the rows that have no revision: .* before it was audited.* AuditMaintenance\.backfill\(\), or run nestjs-typeorm-audit backfill, /,
      ),
    ]);
    await audit.history.at(NOW).count(Room);
    await audit.history.at(NOW).createQueryBuilder(Room, 'r').getRawMany();
    expect(warnings()).toHaveLength(1);
  });

  it('warns of each table that a read meets, of relations and of their junction tables too', async () => {
    await rowsOfBefore(1);
    await dataSource.query(`INSERT INTO tag VALUES ('sea')`);
    await dataSource.query(`INSERT INTO room_tag VALUES (1, 'sea')`);
    await audit.history.at(NOW).find(Room, { relations: { tags: true } });
    expect(tables().toSorted()).toEqual(['room', 'room_tag', 'tag']);
  });

  it.each(['query', 'join'] as const)(
    'warns of relations that are read by the strategy %s',
    async (strategy) => {
      await dataSource.getRepository(Room).save({ floor: 1 });
      await dataSource.query(`INSERT INTO tag VALUES ('sea')`);
      await audit.history.at(NOW).find(Room, { relations: { tags: true }, relationLoadStrategy: strategy });
      expect(tables()).toContain('tag');
      expect(tables()).not.toContain('room');
    },
  );

  it('says nothing where all rows were written with the library', async () => {
    const rooms = dataSource.getRepository(Room);
    await rooms.save([
      { floor: 1, tags: [await dataSource.getRepository(Tag).save({ name: 'sea' })] },
      { floor: 2 },
    ]);
    await rooms.update(1, { floor: 3 });
    await rooms.delete(2);
    await audit.history.at(NOW).find(Room, { relations: { tags: true } });
    expect(warnings()).toEqual([]);
  });

  it('says nothing after a backfill, and then asks its record alone', async () => {
    await rowsOfBefore(3);
    await audit.maintenance.backfill();
    await restart();
    const query = jest.spyOn(Object.getPrototypeOf(dataSource.createQueryRunner()), 'query');
    await audit.history.at(NOW).find(Room);
    await audit.history.at(NOW).find(Room);
    const statements = query.mock.calls.map(([text]) => String(text));
    query.mockRestore();
    expect(warnings()).toEqual([]);
    expect(statements.filter((text) => text.includes('rev_created'))).toHaveLength(2);
    expect(statements).not.toContainEqual(expect.stringContaining('SELECT 1 AS found'));
  });

  it('warns of a backfill that was not finished, until another one was', async () => {
    await rowsOfBefore(4);
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 2) throw new Error('stopped half-way');
    };
    await expect(audit.maintenance.backfill(Room, { batchSize: 1, onProgress })).rejects.toThrow('half-way');
    await restart();
    await audit.history.at(NOW).find(Room);
    expect(warnings()).toEqual([expect.stringContaining('its last backfill was not finished')]);
    const details = async (): Promise<unknown[]> =>
      (
        await dataSource
          .getRepository(MaintenanceRecord)
          .find({ where: { action: 'backfill' }, order: { created: 'ASC' } })
      ).map((record) => record.details);
    const counts = { missing: 2, stale: 0, surplus: 0 };
    expect(await details()).toEqual([{ ...counts, unfinished: true }]);

    await audit.maintenance.backfill(Room);
    expect(await details()).toEqual([{ ...counts, unfinished: true }, counts]);
    await restart();
    await audit.history.at(NOW).find(Room);
    expect(warnings()).toHaveLength(1);
  });

  it('takes a backfill for finished that was stopped behind its last row, once another one has seen that', async () => {
    await rowsOfBefore(2);
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 2) throw new Error('stopped at the end');
    };
    await expect(audit.maintenance.backfill(Room, { batchSize: 1, onProgress })).rejects.toThrow('the end');
    await audit.maintenance.backfill(Room, { dryRun: true });
    await audit.maintenance.backfill(Room);
    const records = await dataSource.getRepository(MaintenanceRecord).findBy({ action: 'backfill' });
    expect(records.map(({ details }) => details)).toEqual([{ missing: 2, stale: 0, surplus: 0 }]);
    await audit.history.at(NOW).find(Room);
    expect(warnings()).toEqual([]);
  });

  it('looks at the first 1,000 rows of a table and at no more', async () => {
    const rooms = dataSource.getRepository(Room);
    await rooms.insert(Array.from({ length: 1000 }, (_, floor) => ({ floor })));
    await rowsOfBefore(1);
    await audit.history.at(NOW).count(Room);
    expect(warnings()).toEqual([]);
    await restart();
    await dataSource.query('DELETE FROM room WHERE id = 500');
    await audit.history.at(NOW).count(Room);
    expect(tables()).toEqual(['room']);
  });

  it("doesn't look in a transaction, whoever began it", async () => {
    await rowsOfBefore(1);
    // A look would fail, and say so.
    await dataSource.query('DROP TABLE audit_maintenance');
    const debug = jest.spyOn(Logger.prototype, 'debug').mockReturnValue();
    const queryRunner = dataSource.createQueryRunner();
    await queryRunner.startTransaction();
    const then = audit.history.at(NOW);
    await then.manager.createQueryBuilder(Room, 'r', queryRunner).getMany();
    await queryRunner.query('INSERT INTO room (floor) VALUES (9)');
    await queryRunner.commitTransaction();
    await queryRunner.release();
    await then.manager.createQueryBuilder(Room, 'r').useTransaction(true).getMany();
    expect(await dataSource.getRepository(Room).count()).toBe(2);
    expect(debug).not.toHaveBeenCalled();
    await then.find(Room);
    expect(debug).toHaveBeenCalledTimes(1);
    debug.mockRestore();
  });

  it('reads all the same where the look fails', async () => {
    await rowsOfBefore(1);
    await dataSource.getRepository(Room).save({ id: 1, floor: 5 });
    const debug = jest.spyOn(Logger.prototype, 'debug').mockReturnValue();
    await dataSource.query('DROP TABLE audit_maintenance');
    expect(await audit.history.at(NOW).find(Room)).toMatchObject([{ floor: 5 }]);
    expect(warnings()).toEqual([]);
    expect(debug.mock.calls.map(([message]) => message)).toEqual([
      expect.stringMatching(
        /^Whether rows of Room have no revision could not be found out: .*audit_maintenance/,
      ),
    ]);
    debug.mockRestore();
  });
});
