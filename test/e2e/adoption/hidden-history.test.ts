import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DataSource, type EntityManager } from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import { Reservation } from '../../support/entities/reservation.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { databasesOfThisRun, skipForWantOfServers } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited, readRevisions } from '../../support/worlds/audited-database.js';

/** More rows than a look at a table counts, so that writes look for the history of each row. */
const ROWS = 1100;

type Write = (manager: EntityManager) => Promise<unknown>;

/** What others do with row 5 while a transaction has its snapshot. */
const others: Record<string, { write: Write[]; versions: number }> = {
  'has its first change': {
    write: [(manager) => manager.update(Reservation, 5, { party: 10 })],
    versions: 2,
  },
  'has several changes': {
    write: [11, 12, 13].map((party) => (manager) => manager.update(Reservation, 5, { party })),
    versions: 4,
  },
  'has changes that take each other back': {
    write: [11, 0, 12, 0].map((party) => (manager) => manager.update(Reservation, 5, { party })),
    versions: 5,
  },
};

const writes: Record<string, { write: Write; operation: string }> = {
  'update()': { write: (manager) => manager.update(Reservation, 5, { party: 99 }), operation: 'update' },
  'an update of several rows': {
    write: (manager) => manager.update(Reservation, [4, 5, 6], { party: 99 }),
    operation: 'update',
  },
  'save() of several rows': {
    write: (manager) =>
      manager.save(
        Reservation,
        [4, 5, 6].map((id) => ({ id, party: 99 })),
      ),
    operation: 'update',
  },
  'delete()': { write: (manager) => manager.delete(Reservation, 5), operation: 'delete' },
};

const servers = databasesOfThisRun().filter((name) => name === 'mariadb' || name === 'mysql');
if (servers.length === 0) skipForWantOfServers('a history that is newer than the snapshot');
else
  describe.each(servers)('a history that is newer than the snapshot (%s)', (name) => {
    let database: AuditedDatabase;
    let dataSource: DataSource;

    // A backfill ends the look at each row, so each test has a database of its own.
    beforeEach(async () => {
      database = await openAudited(name, { entities: [Reservation] });
      ({ dataSource } = database);
      const values = Array.from({ length: ROWS }, (_, n) => `(${n + 1}, 0)`).join(', ');
      await dataSource.query(`INSERT INTO reservation (id, party) VALUES ${values}`);
    });

    afterEach(() => database?.close());

    const cases = Object.entries(others).flatMap(([before, { write, versions }]) =>
      Object.entries(writes).map(([name, each]) => ({ before, name, theirs: write, versions, ...each })),
    );

    it.each(cases)(
      'is followed by $name, when the row $before',
      async ({ theirs, versions, write, operation }) => {
        await dataSource.transaction(async (manager) => {
          await manager.findOneByOrFail(Reservation, { id: 5 });
          for (const each of theirs) await each(dataSource.manager);
          await write(manager);
        });
        const revisions = (await readRevisions(dataSource, Reservation)).filter(({ id }) => id === 5);
        expect(revisions.map(({ revVersion }) => revVersion)).toEqual(
          Array.from({ length: versions + 1 }, (_, n) => n + 1),
        );
        expect(revisions.at(-1)!.revOperation).toBe(operation);
        await attachAudit(dataSource).maintenance.backfill();
        await expectInvariants(dataSource);
      },
    );

    // The row looks as in the snapshot, or as in its second version, but has been something else in between.
    it.each([
      { states: [11, 0], to: 11 },
      { before: 7, states: [11, 7], to: 11 },
      { before: 7, states: [11, 7], to: 12 },
      { before: 7, states: [11, 12, 11], to: 12 },
      { states: [11, 12, 11], to: 12 },
      { states: [11, 12, 11], to: 11 },
    ])('is complete, when the row was $states and becomes $to', async ({ before, states, to }) => {
      if (before) await dataSource.manager.update(Reservation, 5, { party: before });
      await dataSource.transaction(async (manager) => {
        await manager.findOneByOrFail(Reservation, { id: 5 });
        for (const party of states) await dataSource.manager.update(Reservation, 5, { party });
        await manager.update(Reservation, 5, { party: to });
      });
      const revisions = (await readRevisions(dataSource, Reservation)).filter(({ id }) => id === 5);
      const expected = [0, ...(before ? [before] : []), ...states, ...(states.at(-1) === to ? [] : [to])];
      expect(revisions.map(({ party }) => party)).toEqual(expected);
      await attachAudit(dataSource).maintenance.backfill();
      await expectInvariants(dataSource);
    });

    // A rejected revision keeps the end of the table locked, a look for a missing one the gap after its key.
    it.each(Object.entries(writes))(
      'is followed by %s without locks that others wait for',
      async (_, { write }) => {
        await dataSource.transaction(async (manager) => {
          await manager.findOneByOrFail(Reservation, { id: 5 });
          await dataSource.manager.update(Reservation, 5, { party: 10 });
          await dataSource.manager.update(Reservation, 900, { party: 10 });
          await write(manager);
          for (const id of [3, 7, 901]) await updateAtOnce(dataSource, id);
        });
        await attachAudit(dataSource).maintenance.backfill();
        await expectInvariants(dataSource);
      },
    );
  });

/** Updates a row on a connection that doesn't wait for long. */
async function updateAtOnce(dataSource: DataSource, id: number): Promise<void> {
  const runner = dataSource.createQueryRunner();
  await runner.query('SET innodb_lock_wait_timeout = 1');
  try {
    await runner.manager.update(Reservation, id, { party: 20 });
  } finally {
    await runner.query('SET innodb_lock_wait_timeout = 50');
    await runner.release();
  }
}
