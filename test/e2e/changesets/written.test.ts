import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type EntityManager, MoreThan, type QueryRunner } from 'typeorm';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { type AuditContext } from '../../../src/context/audit-context.js';
import { Changeset } from '../../../src/revision/changeset.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { Hall, Seat, Tag } from '../../support/costs/counted-writes.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

class Stop extends Error {}

describeDatabases('changesets', (name) => {
  let audited: AuditedDatabase;
  let manager: EntityManager;
  let context: AuditContext;

  beforeEach(async () => {
    audited = await openAudited(name, { entities: [Seat, Hall, Tag] });
    ({ context } = audited);
    ({ manager } = audited.dataSource);
  });

  afterEach(() => audited?.close());

  /** The changesets made by a function, in the order of their ids: transaction by number, table, actor. */
  async function made(fn: () => Promise<unknown>): Promise<[number, string, string | null][]> {
    const before = new Set((await manager.find(Changeset)).map(keyOf));
    await fn();
    const found = await manager.find(Changeset, { order: { id: 'ASC', entity: 'ASC' } });
    const rows = found.filter((row) => !before.has(keyOf(row)));
    const ids = [...new Set(rows.map(({ id }) => id))];
    const tables = new Map(
      auditPlansOf(audited.dataSource).all.map(({ number, metadata }) => [number, metadata.tableName]),
    );
    await expectInvariants(audited.dataSource);
    return rows
      .map(({ id, entity, actor }): [number, string, string | null] => [
        ids.indexOf(id) + 1,
        tables.get(entity) ?? 'further',
        actor,
      ])
      .sort();
  }

  const all = { id: MoreThan(0) };
  const seat = (number: number): Partial<Seat> => ({ number });

  it('are one for each transaction and table, by the actor of its first write', async () => {
    const changesets = await made(() =>
      manager.transaction(async (inner) => {
        const tag = await context.run({ actor: 'ann' }, () => inner.save(inner.create(Tag)));
        await context.run({ actor: 'bea' }, async () => {
          await inner.save(inner.create(Hall, { tags: [tag] }));
          await inner.insert(Seat, [seat(1), seat(2)]);
          await inner.update(Seat, { number: 1 }, { taken: true });
        });
        await context.run({ actor: 'cid' }, () => inner.delete(Seat, { number: 2 }));
      }),
    );
    expect(changesets).toEqual([
      // Found by its actor too, who wrote where bea had written before.
      [1, 'further', 'cid'],
      [1, 'hall', 'bea'],
      [1, 'hall_tags_tag', 'bea'],
      [1, 'seat', 'bea'],
      [1, 'tag', 'ann'],
    ]);
  });

  it('belong to their transaction: two writes on their own make two', async () => {
    expect(
      await made(async () => {
        await manager.insert(Seat, seat(1));
        await manager.update(Seat, { number: 1 }, { taken: true });
      }),
    ).toEqual([
      [1, 'seat', null],
      [2, 'seat', null],
    ]);
  });

  it('say when, by whom, for whom, what and in which request', async () => {
    const start = Date.now() / 1000;
    await context.run({ actor: 'Łukasz', onBehalf: 'Zoë', action: 'seat.add' }, () =>
      manager.insert(Seat, seat(1)),
    );
    const [changeset] = await manager.find(Changeset);
    expect(changeset).toMatchObject({
      actor: 'Łukasz',
      onBehalf: 'Zoë',
      action: 'seat.add',
      request: null,
      xid: name === 'postgres' ? expect.stringMatching(/^\d+$/) : null,
    });
    expect(changeset.created).toBeGreaterThan(start - 1);
    expect(changeset.created).toBeLessThan(start + 60);
  });

  it('are not made by a write that changes nothing, but by the next one', async () => {
    await manager.insert(Seat, [seat(1), seat(2)]);
    expect(
      await made(() =>
        manager.transaction(async (inner) => {
          await inner.update(Seat, { number: 1 }, { number: 1 });
          await inner.update(Seat, { number: 99 }, { taken: true });
          await inner.save(Tag, []);
        }),
      ),
    ).toEqual([]);
    expect(
      await made(() =>
        manager.transaction(async (inner) => {
          await inner.update(Seat, { number: 1 }, { number: 1 });
          await context.run({ actor: 'ann' }, () => inner.update(Seat, all, { taken: true }));
          await inner.update(Seat, { number: 2 }, { taken: false });
        }),
      ),
    ).toEqual([[1, 'seat', 'ann']]);
  });

  it('are rolled back with their transaction and their savepoint', async () => {
    const undone = (outer: EntityManager, fn: (inner: EntityManager) => Promise<unknown>): Promise<unknown> =>
      outer
        .transaction(async (inner) => {
          await fn(inner);
          throw new Stop();
        })
        .catch((error: unknown) => {
          if (!(error instanceof Stop)) throw error;
        });
    expect(await made(() => undone(manager, (inner) => inner.insert(Seat, seat(1))))).toEqual([]);
    expect(
      await made(() =>
        manager.transaction(async (outer) => {
          await undone(outer, (inner) => inner.insert(Seat, seat(1)));
          await undone(outer, (inner) =>
            inner.transaction((innermost) => innermost.save(innermost.create(Tag))),
          );
          await context.run({ actor: 'ann' }, () => outer.insert(Seat, seat(2)));
          await undone(outer, (inner) => inner.insert(Seat, seat(3)));
          await outer.transaction((inner) => inner.save(inner.create(Tag)));
          await undone(outer, (inner) => inner.save(inner.create(Tag)));
          await outer.insert(Seat, seat(4));
        }),
      ),
    ).toEqual([
      [1, 'seat', 'ann'],
      [1, 'tag', null],
    ]);
  });

  it('follow a BEGIN by hand, and a runner that is held for several transactions', async () => {
    const runner: QueryRunner = audited.dataSource.createQueryRunner();
    const changesets = await made(async () => {
      for (const end of ['COMMIT', 'ROLLBACK', 'COMMIT']) {
        await runner.query('BEGIN');
        await runner.manager.insert(Seat, { number: end === 'COMMIT' ? ++number : 99 });
        await runner.query('SAVEPOINT here');
        await runner.manager.insert(Hall, {});
        await runner.query('ROLLBACK TO SAVEPOINT here');
        await runner.manager.insert(Seat, { number: end === 'COMMIT' ? ++number : 98 });
        await runner.query(end);
      }
      await runner.manager.insert(Hall, {});
    });
    await runner.release();
    expect(changesets).toEqual([
      [1, 'seat', null],
      [2, 'seat', null],
      [3, 'hall', null],
    ]);
  });
  let number = 100;

  it('are one for each of several writes at the same time', async () => {
    const writes = Array.from(
      { length: 12 },
      (_, n) => () =>
        n % 2 === 0
          ? manager.save(manager.create(Seat, seat(n)))
          : name === 'sqlite'
            ? // TypeORM runs no two transactions at a time there.
              manager.insert(Seat, seat(n))
            : manager.transaction(async (inner) => {
                await Promise.all([inner.insert(Seat, seat(n)), inner.insert(Seat, seat(n + 100))]);
                await inner.insert(Hall, {});
              }),
    );
    const changesets = await made(() => Promise.all(writes.map((write) => write())));
    expect(changesets.filter(([, table]) => table === 'seat')).toHaveLength(12);
    expect(changesets.filter(([, table]) => table === 'hall')).toHaveLength(name === 'sqlite' ? 0 : 6);
  });

  it('are made once by writes of many rows in several statements', async () => {
    expect(
      await made(() =>
        manager.transaction(async (inner) => {
          await inner.insert(
            Seat,
            Array.from({ length: 300 }, (_, n) => seat(n)),
          );
          await inner.update(Seat, all, { taken: true });
          await inner.upsert(Seat, [seat(5), { number: 500, taken: true }], ['number']);
          await inner.delete(Seat, all);
        }),
      ),
    ).toEqual([[1, 'seat', null]]);
  });
});

function keyOf({ id, entity }: Changeset): string {
  return `${id} ${entity}`;
}
