import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Column, type DataSource, Entity, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { type FeedOptions } from '../../../src/history/types/feed.js';
import { type Page } from '../../../src/history/types/page.js';
import { type Revision } from '../../../src/history/types/revision.js';
import { type TimelineOptions } from '../../../src/history/types/timeline.js';
import { type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { analyze, numbers } from '../../support/costs/generated-rows.js';

@Audited()
@Entity()
class Counter {
  @PrimaryColumn() id: number;
  @Column({ type: 'int' }) value: number;
  @Column({ type: 'varchar', length: 20 }) note: string;
}

const VERSIONS = 60_000;

const mysqlId = `concat('00000000-0000-7000-8000-', lpad(n + 1, 12, '0'))`;
const ids: Record<DatabaseName, string> = {
  sqlite: `printf('00000000-0000-7000-8000-%012d', n + 1)`,
  postgres: `concat('00000000-0000-7000-8000-', lpad((n + 1)::text, 12, '0'))::uuid`,
  mariadb: mysqlId,
  mysql: mysqlId,
};

describeDatabases('a page that few of many revisions belong to', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Counter] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    // The note changes, and ann writes, in versions 3 and 30,003 only.
    await dataSource.query(
      `INSERT INTO counter_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_actor, rev_transaction, id, value, note) ` +
        `SELECT ${ids[name]}, 1577836800 + n, FALSE, n + 1, CASE WHEN n = 0 THEN 'insert' ELSE 'update' END, ` +
        `CASE WHEN n IN (2, 30002) THEN 'ann' ELSE 'bob' END, ${ids[name]}, 1, n, ` +
        `CASE WHEN n < 2 THEN 'a' WHEN n < 30002 THEN 'b' ELSE 'c' END FROM ${numbers[name](VERSIONS)}`,
    );
    await dataSource.query(analyze[name](['counter_rev']));
  });
  afterAll(() => audited.close());

  async function pagesOf<T extends FeedOptions | TimelineOptions>(
    read: (options: T) => Promise<Page<Revision>>,
    options: T,
  ): Promise<number[][]> {
    const pages: number[][] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await read({ ...options, cursor });
      pages.push(page.items.map(({ version }) => version));
      cursor = page.nextCursor;
    }
    return pages;
  }
  const timeline = (options: TimelineOptions) => history.timeline(Counter, 1, options);

  it.each([
    ['a property', { property: 'note' }, [30_003, 3, 1]],
    ['an actor', { actor: 'ann' }, [30_003, 3]],
    ['an actor in other letters', { actor: 'ANN' }, []],
    ['nobody', { actor: 'zoe' }, []],
  ] as [string, TimelineOptions, number[]][])(
    'ends early in a timeline by %s',
    async (_, options, versions) => {
      const down = await pagesOf(timeline, options);
      expect(down.flat()).toEqual(versions);
      expect(down).toHaveLength(VERSIONS / 10_000);
      const up = await pagesOf(timeline, { ...options, order: 'asc' });
      expect(up.flat()).toEqual(versions.toReversed());
      expect(up).toHaveLength(VERSIONS / 10_000);
    },
  );

  it.each([
    ['an actor', { actor: 'ann' }, [30_003, 3]],
    ['an actor in other letters', { actor: 'ANN' }, []],
    ['an operation', { operation: 'insert' }, [1]],
    ['an operation that there is none of', { operation: 'delete' }, []],
  ] as [string, FeedOptions, number[]][])('ends early in a feed by %s', async (_, options, versions) => {
    const pages = await pagesOf((asked: FeedOptions) => history.feed(asked), options);
    expect(pages.flat()).toEqual(versions);
    expect(pages).toHaveLength(2);
  });

  it('is as full as it can be where it has enough', async () => {
    const [first, second] = await pagesOf(timeline, {
      actor: 'bob',
      to: new Date(1577836800_000 + 9000),
      limit: 4,
    });
    expect([first, second]).toEqual([[], []]);
    const { items } = await history.feed({ actor: 'bob', limit: 200 });
    expect(items).toHaveLength(200);
    const { nextCursor } = await history.timeline(Counter, 1, { property: 'value', limit: 200 });
    expect(nextCursor).not.toBeNull();
  });
});
