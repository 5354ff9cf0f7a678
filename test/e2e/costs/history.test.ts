import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { v7 } from 'uuid';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import {
  createDatabase,
  type DatabaseName,
  describeDatabases,
  type TestDatabase,
} from '../../support/servers/databases.js';
import { analyze, newUuid } from '../../support/costs/generated-rows.js';
import { planOf } from '../../support/costs/query-plan.js';
import { QueryRecorder } from '../../support/costs/query-recorder.js';

@Entity()
class Guest {
  @PrimaryColumn() id: number;
}

@Audited()
@Entity()
class NumberedReservation {
  @PrimaryColumn({ length: 20 }) hotel: string;
  @PrimaryColumn() number: number;
  @Column() party: number;
  @Column({ type: 'text' }) note: string;
  @ManyToOne(() => Guest) @JoinColumn({ name: 'guest_fk' }) guest: Guest;
}

const FIRST_CREATED = Date.UTC(2020, 0, 1) / 1000;

function row(number: number, version: number): object {
  return {
    revId: v7(),
    revCreated: FIRST_CREATED + version * 60,
    revIsDelete: false,
    revVersion: version,
    revOperation: version === 1 ? 'insert' : 'update',
    revActor: version % 5 === 0 ? 'bob' : 'ann',
    revTransaction: v7(),
    hotel: 'Ritz',
    number,
    party: version,
    note: `note ${Math.floor(version / 10)}`,
    guest_fk: null,
  };
}

/** How many rows the table has beside the one that is asked about; with 12,800 there are more than a million revisions. */
const OTHERS = process.env.LONG_TESTS === 'true' ? 12_800 : 3_200;

describeDatabases('the cost of a timeline of 10,000 among many revisions', (name) => {
  const recorder = new QueryRecorder();
  const id = { hotel: 'Ritz', number: 7 };
  let database: TestDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let index: string;

  beforeAll(async () => {
    database = await createDatabase(name);
    dataSource = new DataSource({
      ...database.options,
      entities: [NumberedReservation, Guest],
      synchronize: true,
      logging: ['query'],
      logger: recorder,
    });
    await dataSource.initialize();
    history = new HistoryService(dataSource);
    const rows = [
      ...Array.from({ length: 10_000 }, (_, n) => row(id.number, n + 1)),
      ...Array.from({ length: 10_000 }, (_, n) => row(100 + (n % 100), Math.floor(n / 100) + 1)),
    ];
    for (let start = 0; start < rows.length; start += 1000)
      await dataSource
        .createQueryBuilder()
        .insert()
        .into(revisionOf(NumberedReservation))
        .values(rows.slice(start, start + 1000))
        .updateEntity(false)
        .execute();
    await multiplyOthers(dataSource, name);
    expect(await dataSource.getRepository(revisionOf(NumberedReservation)).count()).toBe(
      10_000 + OTHERS * 100,
    );
    const { revision } = auditPlansOf(dataSource).get(NumberedReservation);
    index = revision.indices.find(({ isUnique }) => isUnique)!.name;
    if (name !== 'sqlite') await dataSource.query(analyze[name](['numbered_reservation_rev']));
  }, 300_000);
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const asked: [string, number, () => Promise<unknown>][] = [
    ['the newest page', 51, () => history.timeline(NumberedReservation, id)],
    ['the oldest page', 51, () => history.timeline(NumberedReservation, id, { order: 'asc' })],
    [
      'a page by cursor',
      51,
      async () => {
        const { nextCursor: cursor } = await history.timeline(NumberedReservation, id, {
          to: hoursAfterStart(80),
        });
        recorder.clear();
        await history.timeline(NumberedReservation, id, { cursor });
      },
    ],
    ['a page by property', 51, () => history.timeline(NumberedReservation, id, { property: 'party' })],
    ['a page by actor', 255, () => history.timeline(NumberedReservation, id, { actor: 'bob' })],
    [
      'a page by time',
      120,
      () => history.timeline(NumberedReservation, id, { order: 'asc', from: hoursAfterStart(1) }),
    ],
    ['the newest revision', 1, () => history.latest(NumberedReservation, id)],
    ['a revision', 1, () => history.revision(NumberedReservation, id, 5_000)],
    ['a difference', 2, () => history.diff(NumberedReservation, id, 1, 9_999)],
    ['a version', 1, () => history.asOf(NumberedReservation, id, 5_000)],
    ['a moment not long ago', 60, () => history.asOf(NumberedReservation, id, hoursAfterStart(166))],
  ];

  it.each(asked)(
    'is one query for %s, which reads at most %d revisions by their index',
    async (_, limit, ask) => {
      // The first read of a process looks at the shapes.
      await history.latest(NumberedReservation, id);
      recorder.clear();
      await ask();
      expect(recorder.queries).toHaveLength(1);
      const { reads: all, sorts } = await planOf(name, dataSource, recorder.last);
      expect(sorts).toBe(false);
      // MariaDB finds the newest version while it plans, and reads no table for it then.
      const reads = all.filter(({ alias }) => alias !== '<none>');
      expect(reads.map((read) => read.index)).toEqual(reads.map(() => index));
      for (const { rows } of reads) expect(rows).toBeLessThanOrEqual(limit);
    },
  );

  it('is one query for a property that seldom changes', async () => {
    recorder.clear();
    const { items } = await history.timeline(NumberedReservation, id, { property: 'note', limit: 200 });
    expect(items.map(({ version }) => version)).toEqual(
      Array.from({ length: 200 }, (_, n) => 10_000 - n * 10),
    );
    expect(recorder.queries).toHaveLength(1);
  });
});

/** Doubles the histories of the other rows until there are 1,280,000 revisions of them. */
async function multiplyOthers(dataSource: DataSource, name: DatabaseName): Promise<void> {
  const { revision } = auditPlansOf(dataSource).get(NumberedReservation);
  const names = revision.columns.map(({ databaseName }) => databaseName);
  const columns = names.map((column) => dataSource.driver.escape(column)).join(', ');
  for (let rows = 100; rows < OTHERS; rows *= 2) {
    const copies = names.map((column) => {
      if (column === 'rev_id') return newUuid[name];
      return column === 'number' ? `number + ${rows}` : dataSource.driver.escape(column);
    });
    await dataSource.query(
      `INSERT INTO numbered_reservation_rev (${columns}) SELECT ${copies.join(', ')} FROM numbered_reservation_rev WHERE number >= 100`,
    );
  }
}

function hoursAfterStart(hours: number): Date {
  return new Date((FIRST_CREATED + hours * 3600) * 1000);
}
