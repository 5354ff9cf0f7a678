import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Column,
  DataSource,
  Entity,
  type EntityManager,
  Index,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  QueryFailedError,
} from 'typeorm';
import { attachCapture } from '../../../src/capture/attach-capture.js';
import { AuditContext } from '../../../src/context/audit-context.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { createDatabase, databasesOfThisRun, type TestDatabase } from '../../support/servers/databases.js';
import { guardsSnapshots } from '../../support/locks/guarded-snapshots.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

const SECONDS = 20;

@Audited()
@Entity()
class Seat {
  @PrimaryColumn() id: number;
  @Column() taken: number;
}

@Audited()
@Entity()
class Ticket {
  @PrimaryGeneratedColumn() id: number;
  @Index({ unique: true }) @Column() code: string;
}

// SQLite has one connection, and with it no concurrent transactions.
const concurrent = databasesOfThisRun().filter((name) => name !== 'sqlite');

(concurrent.length > 0 ? describe.each(concurrent) : describe.skip.each(['no server']))(
  'concurrency (%s)',
  (name) => {
    let database: TestDatabase;
    let dataSource: DataSource;

    beforeAll(async () => {
      database = await createDatabase(name as TestDatabase['name']);
      const pool = name === 'postgres' ? { poolSize: 8 } : { extra: { connectionLimit: 8 } };
      dataSource = new DataSource({
        ...database.options,
        ...pool,
        entities: [Seat, Ticket],
        synchronize: true,
      } as never);
      await dataSource.initialize();
      attachCapture(dataSource, {}, new AuditContext());
      await dataSource
        .getRepository(Seat)
        .save(Array.from({ length: 20 }, (_, n) => ({ id: n + 1, taken: 0 })));
    });

    afterAll(async () => {
      await dataSource.destroy();
      await database.drop();
    });

    it('records 400 parallel saves, inserts and upserts of new rows without one failure', async () => {
      const tickets = dataSource.getRepository(Ticket);
      const writes = Array.from({ length: 400 }, (_, n) => {
        const ticket = { code: `code-${n}` };
        if (n % 3 === 0) return tickets.save(ticket);
        return n % 3 === 1 ? tickets.insert(ticket) : tickets.upsert(ticket, ['code']);
      });
      const failures = (await Promise.allSettled(writes)).filter(({ status }) => status === 'rejected');
      expect(failures).toEqual([]);
      expect(await tickets.count()).toBe(400);
      await expectInvariants(dataSource);
    });

    it(
      `keeps versions gapless while 32 writers update the same 20 rows for ${SECONDS} seconds`,
      async () => {
        const until = Date.now() + SECONDS * 1000;
        const counts = { committed: 0, rolledBack: 0 };
        const failures: unknown[] = [];
        const writer = async (seed: number): Promise<void> => {
          for (let n = seed; Date.now() < until; n += 7)
            try {
              await write(dataSource, n);
              counts.committed++;
            } catch (error) {
              if (error === ROLLBACK) counts.rolledBack++;
              else failures.push(error);
            }
        };
        await Promise.all(Array.from({ length: 32 }, (_, n) => writer(n)));
        // Plain TypeORM has none here: each transaction takes its rows in the order of their keys. Where MariaDB guards
        // snapshots it has, as the save() reads before it writes.
        const guards = await guardsSnapshots(dataSource.manager);
        expect(failures.filter((error) => !(guards && isOldSnapshot(error)))).toEqual([]);
        expect(counts.committed).toBeGreaterThan(500);
        expect(counts.rolledBack).toBeGreaterThan(50);
        await expectInvariants(dataSource);
      },
      (SECONDS + 60) * 1000,
    );
  },
);

function isOldSnapshot(error: unknown): boolean {
  return error instanceof QueryFailedError && (error.driverError as { errno?: number }).errno === 1020;
}

const ROLLBACK = new Error('rolled back on purpose');

async function write(dataSource: DataSource, n: number): Promise<void> {
  const id = (n % 20) + 1;
  switch (n % 5) {
    case 0: {
      const seat = await dataSource.getRepository(Seat).findOneByOrFail({ id });
      await dataSource.getRepository(Seat).save({ ...seat, taken: seat.taken + 1 });
      return;
    }
    case 1:
      await dataSource.getRepository(Seat).update(id, { taken: () => 'taken + 1' });
      return;
    case 2:
      await dataSource.getRepository(Seat).increment({ id }, 'taken', 2);
      return;
    case 3:
      await dataSource.transaction((manager) => updateTwo(manager, id));
      return;
    default:
      await dataSource.transaction(async (manager) => {
        await updateTwo(manager, id);
        throw ROLLBACK;
      });
  }
}

async function updateTwo(manager: EntityManager, id: number): Promise<void> {
  await manager.update(Seat, { id }, { taken: () => 'taken + 1' });
  if (id < 20) await manager.getRepository(Seat).save({ id: id + 1, taken: Math.floor(Math.random() * 1e6) });
}
