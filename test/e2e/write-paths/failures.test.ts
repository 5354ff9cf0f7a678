import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import { UnrecordedWriteError } from '../../../src/audit.errors.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { failRevisions, installFailure } from '../../support/faults/failing-revisions.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { SUITE } from '../../support/worlds/write-paths.js';
import { describeWorlds, type World, worldNames } from '../../support/worlds/write-worlds.js';
import { Booking, Seat } from '../../support/entities/bookings.js';

const entities = [Booking, Seat];

/** One write of each kind. */
const writes: [string, (world: World) => Promise<unknown>][] = [
  ['save()', ({ manager }) => manager.save(Booking, [{ id: 1, party: 9 }, { code: 'b' }])],
  ['remove()', async ({ manager }) => manager.remove(await manager.findOneByOrFail(Booking, { id: 1 }))],
  ['insert()', ({ manager }) => manager.insert(Booking, { code: 'b' })],
  ['upsert()', ({ manager }) => manager.upsert(Booking, { code: 'a', party: 9 }, ['code'])],
  ['update()', ({ manager }) => manager.update(Booking, 1, { party: 9 })],
  ['softDelete()', ({ manager }) => manager.softDelete(Booking, 1)],
  ['delete()', ({ manager }) => manager.delete(Booking, 1)],
  ['clear()', ({ manager }) => manager.clear(Booking)],
];

async function expectAsBefore({ manager }: World): Promise<void> {
  const rows = await manager.find(Booking, { withDeleted: true });
  expect(rows.map(({ id, code, party, deletedAt }) => ({ id, code, party, deletedAt }))).toEqual([
    { id: 1, code: 'a', party: 2, deletedAt: null },
  ]);
}

describeWorlds(`${SUITE}errors that are caught in a transaction()`, { entities }, (world) => {
  beforeAll(() => installFailure(world()));
  beforeEach(async () => {
    await world().reset();
    await world().manager.save(Booking, { code: 'a' });
  });

  it.each(writes)('refuses to commit %s without its revision', async (_, write) => {
    const { dataSource, name } = world();
    await failRevisions(world(), async () => {
      const committed = dataSource.transaction(async (manager) => {
        await write({ ...world(), manager }).catch(() => undefined);
        // PostgreSQL lets such a transaction do nothing more.
        if (name !== 'postgres') await manager.findOneBy(Booking, { id: 1 });
      });
      await expect(committed).rejects.toThrow(UnrecordedWriteError);
    });
    await expectAsBefore(world());
    await expectInvariants(dataSource);
  });

  it('records what a transaction() writes beside a savepoint that was rolled back for want of a revision', async () => {
    const { dataSource, manager } = world();
    await dataSource.transaction(async (outer) => {
      await outer.update(Booking, 1, { party: 5 });
      await outer
        .transaction(async (inner) => {
          await inner.query('INSERT INTO no_revisions_today VALUES (1)');
          await inner.update(Booking, 1, { party: 6 });
        })
        .catch(() => undefined);
      await outer.update(Booking, 1, { party: 7 });
    });
    const revisions = await manager.find(revisionOf(Booking), { order: { revVersion: 'ASC' } });
    expect(revisions.map(({ party }) => party)).toEqual([2, 5, 7]);
    await expectInvariants(dataSource);
  });
});

describeWorlds(`${SUITE}a revision table that is gone`, { entities }, (world) => {
  beforeAll(async () => {
    await world().manager.save(Booking, { code: 'a' });
    await world().dataSource.query('DROP TABLE booking_rev');
  });

  it.each(writes)('undoes %s', async (_, write) => {
    await expect(write(world())).rejects.toHaveProperty('message', expect.stringContaining('booking_rev'));
    await expectAsBefore(world());
  });
});

describeWorlds(
  `${SUITE}a statement_timeout`,
  { entities },
  (world) => {
    it('undoes update() of rows whose revisions take too long', async () => {
      const { dataSource, manager } = world();
      await manager.save(Booking, { code: 'a' });
      await dataSource.query(
        `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(5); RETURN NEW; END'; ` +
          `CREATE TRIGGER slow BEFORE INSERT ON booking_rev FOR EACH ROW EXECUTE FUNCTION slow()`,
      );
      const write = dataSource.transaction(async (transacted) => {
        await transacted.query('SET LOCAL statement_timeout = 50');
        await transacted.update(Booking, 1, { party: 9 });
      });
      await expect(write).rejects.toThrow('statement timeout');
      await expectAsBefore(world());
      await expectInvariants(dataSource);
    });
  },
  worldNames().filter((name) => name === 'postgres'),
);
