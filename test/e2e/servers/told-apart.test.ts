import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { MysqlQueryRunner } from 'typeorm/driver/mysql/MysqlQueryRunner.js';
import { attachAudit } from '../../../src/attach-audit.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { createDatabase, databasesOfThisRun, skipForWantOfServers } from '../../support/servers/databases.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Audited()
@Entity()
class Hall {
  @PrimaryGeneratedColumn() id: number;
  @Column({ default: 'hall' }) name: string;
}

@Audited()
@Entity()
class Chair {
  @PrimaryColumn({ type: 'varchar', length: 36 }) id: string;
  @Column({ default: 0 }) taken: number;
  @ManyToOne(() => Hall, { onDelete: 'CASCADE', onUpdate: 'CASCADE' }) hall: Hall | null;
}

type Server = 'mariadb' | 'mysql';

/** A server, TypeORM's type for it, and the version that a proxy in between says it has. */
const connections: [server: Server, type: Server, version: string | undefined][] = [
  ['mariadb', 'mariadb', undefined],
  ['mariadb', 'mysql', undefined],
  ['mysql', 'mysql', undefined],
  ['mysql', 'mariadb', undefined],
  // ProxySQL answers for the server, and has a version of its own.
  ['mariadb', 'mariadb', '8.0.30'],
  ['mariadb', 'mysql', '8.0.30'],
  // MariaDB's own prefix for old replicas, which some gateways pass on. TypeORM keeps the first number alone.
  ['mariadb', 'mariadb', '5.5.5'],
  ['mariadb', 'mysql', '5.5.5'],
  // A version of MySQL that is as high as MariaDB's.
  ['mysql', 'mysql', '10.6.0'],
];
const within = connections.filter(([server]) => databasesOfThisRun().includes(server));

afterEach(() => {
  jest.restoreAllMocks();
});

if (within.length === 0) skipForWantOfServers('MariaDB and MySQL');
else
  describe.each(within)('%s, by the type "%s" and the version %s', (server, type, version) => {
    it('is known by what it does: writes are recorded in its own way, and the past is read', async () => {
      if (version) jest.spyOn(MysqlQueryRunner.prototype, 'getVersion').mockResolvedValue(version);
      const database = await createDatabase(server);
      const recorder = new QueryRecorder();
      const dataSource = await new DataSource({
        ...database.options,
        type,
        entities: [Hall, Chair],
        synchronize: true,
        logger: recorder,
      } as DataSourceOptions).initialize();
      try {
        const { history } = attachAudit(dataSource);
        const { manager } = dataSource;
        const halls = await manager.save([manager.create(Hall), manager.create(Hall)]);
        await manager.insert(
          Chair,
          Array.from({ length: 6 }, (_, n) => ({ id: `c${n}`, hall: halls[n % 2] })),
        );
        const before = (await history.latest(Chair, 'c5'))!;
        await manager.update(Chair, 'c0', { taken: 1 });
        await manager.update(Chair, { taken: 0 }, { taken: 2 });
        await manager.upsert(Chair, [{ id: 'c1', taken: 3 }, { id: 'c9' }], ['id']);
        await manager.update(Hall, halls[0].id, { id: 70 });
        await manager.delete(Hall, halls[1].id);
        await history.restore(Hall, halls[1].id, 1);
        await history.restore(Chair, 'c3', 1);

        const versions = Object.fromEntries(
          await Promise.all(
            ['c0', 'c1', 'c3', 'c9'].map(async (id) => {
              const { items } = await history.timeline(Chair, id);
              return [id, items.map(({ operation }) => operation).reverse()];
            }),
          ),
        );
        expect(versions).toEqual({
          // The key of its hall has changed.
          c0: ['insert', 'update', 'update'],
          // Theirs has been deleted.
          c1: ['insert', 'update', 'update', 'delete'],
          c3: ['insert', 'update', 'delete', 'insert'],
          c9: ['insert'],
        });
        const past = await history
          .at(before)
          .find(Chair, { relations: { hall: true }, order: { id: 'ASC' } });
        expect(past.map(({ id, taken, hall }) => [id, taken, hall?.id])).toEqual(
          Array.from({ length: 6 }, (_, n) => [`c${n}`, 0, halls[n % 2].id]),
        );
        await expectInvariants(dataSource);
        const blocks = recorder.statements.filter((statement) => statement.startsWith('BEGIN NOT ATOMIC'));
        expect(blocks.length > 0).toBe(server === 'mariadb');
        expect(recorder.failed).toEqual([]);
      } finally {
        await dataSource.destroy();
        await database.drop();
      }
    });
  });
