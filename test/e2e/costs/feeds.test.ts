import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { HistoryService } from '../../../src/history/history.service.js';
import { numberOfTable } from '../../../src/revision/shape.js';
import { Guest } from '../../support/entities/guest.js';
import { Reservation } from '../../support/entities/reservation.js';
import {
  createDatabase,
  type DatabaseName,
  databasesOfThisRun,
  type TestDatabase,
} from '../../support/servers/databases.js';
import { analyze, numbers } from '../../support/costs/generated-rows.js';
import { planOf, type TableRead } from '../../support/costs/query-plan.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

const FIRST = Date.UTC(2020, 0, 1);
const MINUTE = 60_000;

// One a minute, of a thousand rows in turn.
const fill = (database: DatabaseName, table: string, column: string, value: string, skip: number): string => {
  const ms = `(${FIRST + skip} + ${MINUTE} * ${database === 'postgres' ? 'n::bigint' : 'n'})`;
  const time = `lpad(lower(${database === 'postgres' ? 'to_hex' : 'hex'}(${ms})), 12, '0')`;
  const id = `concat(substr(${time}, 1, 8), '-', substr(${time}, 9, 4), '-7000-8000-', lpad(cast(n AS char(12)), 12, '0'))`;
  const typed = database === 'postgres' ? `replace(${id}, ' ', '0')::uuid` : id;
  return (
    `INSERT INTO ${table}_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_actor, rev_transaction, id, ${column}) ` +
    `SELECT ${typed}, ${ms} / 1000.0, FALSE, floor(n / 1000) + 1, 'update', CASE WHEN n % 10 = 0 THEN 'ann' ELSE 'bob' END, ${typed}, n % 1000, ${value} FROM ${numbers[database](100_000)}`
  );
};

const databases = databasesOfThisRun().filter((name) => name !== 'sqlite');

(databases.length > 0 ? describe.each(databases) : describe.skip.each(['no server'] as never[]))(
  'the cost of a feed of 200,000 revisions (%s)',
  (name) => {
    const recorder = new QueryRecorder();
    let database: TestDatabase;
    let dataSource: DataSource;
    let history: HistoryService;

    beforeAll(async () => {
      database = await createDatabase(name);
      dataSource = new DataSource({
        ...database.options,
        entities: [Guest, Reservation],
        synchronize: true,
        logging: ['query'],
        logger: recorder,
      });
      await dataSource.initialize();
      history = new HistoryService(dataSource);
      await dataSource.query(fill(name, 'guest', 'name', `'guest'`, 0));
      await dataSource.query(fill(name, 'reservation', 'party', '4', MINUTE / 2));
      // The older half has no changesets, so a look-up by actor goes through the revisions.
      for (const table of ['guest', 'reservation'])
        await dataSource.query(
          `INSERT INTO audit_changeset (id, entity, created, actor) SELECT rev_transaction, ${numberOfTable(dataSource.getMetadata(table).tablePath)}, rev_created, rev_actor FROM ${table}_rev WHERE rev_version > 50`,
        );
      // Of 100,000 events one in 1,000 is a `rare` one, and each has a request of its own.
      await dataSource.query(
        `INSERT INTO audit_event (id, transaction, created, action, request) SELECT rev_id, rev_transaction, rev_created, ` +
          `CASE WHEN id = 7 THEN 'rare' ELSE 'common' END, concat('r', cast(rev_created AS ${name === 'postgres' ? 'bigint' : 'signed'})) FROM guest_rev`,
      );
      await dataSource.query(
        analyze[name](['guest_rev', 'reservation_rev', 'audit_changeset', 'audit_event']),
      );
    }, 120_000);
    afterAll(async () => {
      await dataSource.destroy();
      await database.drop();
    });

    /** Of the stored tables. */
    async function readsOf(query: QueryRecorder['last']): Promise<TableRead[]> {
      const { reads } = await planOf(name, dataSource, query);
      return reads.filter(({ alias }) => !alias.startsWith('<') && alias !== 'k');
    }
    const readsOfLastQuery = (): Promise<TableRead[]> => readsOf(recorder.last);

    const cursorAt = async (): Promise<string | null> =>
      (await history.feed({ to: new Date(FIRST + 50_000 * MINUTE) })).nextCursor;
    const asked: [string, number, () => Promise<unknown>][] = [
      ['the newest page', 51, () => history.feed()],
      ['a page in the middle, by cursor', 51, async () => history.feed({ cursor: await cursorAt() })],
      ['a page of one entity', 51, () => history.feed({ entities: [Guest] })],
      // The revisions of the hour by which clocks may differ are passed over.
      ['a page until a moment', 51 + 61, () => history.feed({ to: new Date(FIRST + 50_000 * MINUTE) })],
      [
        'a page of a few minutes',
        2 * 61 + 10,
        () =>
          history.feed({
            from: new Date(FIRST + 50_000 * MINUTE),
            to: new Date(FIRST + 50_009 * MINUTE),
          }),
      ],
      ['a page of one actor', 511, () => history.feed({ actor: 'ann' })],
    ];

    it.each(asked)('is, for %s, at most %d entries of each primary key', async (_, limit, ask) => {
      await ask();
      const reads = await readsOfLastQuery();
      const feeds = reads.filter(({ alias }) => alias === 'r');
      expect(feeds.length).toBeGreaterThan(0);
      for (const { index, rows } of feeds) {
        expect(index).toMatch(/^(PK_|PRIMARY$)/);
        expect(rows).toBeLessThanOrEqual(limit);
      }
      // The revisions of the page and their predecessors are found one by one.
      for (const { isScan, rows } of reads) {
        expect(isScan).toBe(false);
        expect(rows).toBeLessThanOrEqual(limit);
      }
    });

    it.each([
      ['an action', 51, { action: 'common' }],
      ['a rare action', 51, { action: 'rare' }],
      ['an action that never was', 0, { action: 'none' }],
      ['a request', 1, { request: `r${FIRST / 1000 + 60 * 7}` }],
      ['a request that never was', 0, { request: 'none' }],
    ])('is, for the events of %s, at most %d of these', async (_, limit, filter) => {
      recorder.clear();
      const { items } = await history.feed({ ...filter, events: true, limit: 50 });
      expect(items).toHaveLength(Math.min(limit, 50));
      const ofEvents = recorder.queries.filter(({ sql }) => /FROM \S*audit_event/.test(sql));
      expect(ofEvents).toHaveLength(1);
      for (const { isScan, rows } of await readsOf(ofEvents[0])) {
        expect(isScan).toBe(false);
        expect(rows).toBeLessThanOrEqual(limit);
      }
    });

    it('is a transaction by its index', async () => {
      const { items } = await history.feed({ limit: 1 });
      await history.transaction(items[0].transaction);
      recorder.clear();
      expect((await history.transaction(items[0].transaction)).items).toHaveLength(1);
      const queries = [...recorder.queries];
      // Its changesets, the ids of its revisions in the table that these name, and the revisions.
      expect(queries).toHaveLength(3);
      expect(queries[1].sql).not.toMatch(/guest_rev/);
      for (const query of queries)
        for (const { isScan, rows } of await readsOf(query)) {
          expect(isScan).toBe(false);
          expect(rows).toBeLessThanOrEqual(1);
        }
    });
  },
);
