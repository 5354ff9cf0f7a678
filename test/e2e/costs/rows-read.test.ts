import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type QueryRunner } from 'typeorm';
import { attachAudit } from '../../../src/attach-audit.js';
import {
  type ComparedDatabases,
  openCompared,
  type RecordedDatabase,
} from '../../support/costs/compared-databases.js';
import { type CountedWrite, writes } from '../../support/costs/counted-writes.js';
import { type DatabaseName, describeDatabases } from '../../support/servers/databases.js';
import { fillHistories, fillTables, lengthenHistories } from '../../support/costs/filled-histories.js';
import { planOf } from '../../support/costs/query-plan.js';

type ServerName = Exclude<DatabaseName, 'sqlite'>;

/** What a write of so many rows may read over what it reads without audit. */
const mostMore: Record<ServerName, (rows: number) => number> = {
  // The row, its newest revision, and at times one that is dead.
  postgres: (rows) => 3 * rows,
  // The row and its newest revision, found first without locks, and the row again by the INSERT. Those of many go
  // through temporary tables.
  mariadb: (rows) => (rows < 16 ? 6 : 19) * rows,
  // The same in two statements, and an upsert is not told the key of its row. Those of many are sorted, too.
  mysql: (rows) => (rows < 16 ? 9 : 28) * rows,
};

describeDatabases('the rows that a write reads of tables with histories', (name) => {
  let compared: ComparedDatabases;
  beforeAll(async () => {
    compared = await openCompared(name);
    // SQLite plans alike whatever the tables hold.
    if (name !== 'sqlite') {
      await fillTables(name, compared.plain.dataSource);
      await fillTables(name, compared.audited.dataSource);
      await fillHistories(name, compared.audited.dataSource);
    }
    // Finds that each row has a history, so that writes need not look.
    await attachAudit(compared.audited.dataSource).maintenance.backfill();
  }, 180_000);
  afterAll(() => compared?.close());

  it.each(writes)('are those of the changed rows for $name', async ({ prepare, rows }) => {
    if (name === 'sqlite') {
      expect(await scansOf(compared.audited, prepare)).toEqual([]);
      return;
    }
    const reads = await rowsReadBy(name, compared.audited, prepare);
    const without = await rowsReadBy(name, compared.plain, prepare);
    expect(reads - without).toBeLessThanOrEqual(mostMore[name](rows));
  });
});

/** The tables that the statements of revisions go through from end to end. */
async function scansOf(
  { dataSource, recorder }: RecordedDatabase,
  prepare: CountedWrite['prepare'],
): Promise<object[]> {
  const write = await prepare(dataSource.manager);
  recorder.clear();
  await write();
  const scans: object[] = [];
  for (const query of recorder.queries.filter(({ sql }) => sql.includes('_rev'))) {
    const { reads } = await planOf('sqlite', dataSource, query);
    for (const { alias, isScan } of reads)
      if (isScan && !alias.startsWith('<')) scans.push({ alias, sql: query.sql });
  }
  return scans;
}

const countRows: Record<ServerName, string> = {
  // Of tables what scans return; of indexes their entries, as an index-only scan fetches no row.
  postgres: `SELECT sum(pg_stat_get_xact_tuples_returned(oid)) AS count
    FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
  mariadb: `SELECT sum(variable_value) AS count FROM information_schema.session_status
    WHERE variable_name LIKE 'Handler_read%'`,
  mysql: `SELECT sum(variable_value) AS count FROM performance_schema.session_status
    WHERE variable_name LIKE 'Handler_read%'`,
};

/** The write is rolled back. */
async function rowsReadBy(
  name: ServerName,
  { dataSource }: RecordedDatabase,
  prepare: CountedWrite['prepare'],
): Promise<number> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    // The first time is to learn what the database alone knows of a table.
    await (
      await prepare(runner.manager)
    )();
    const write = await prepare(runner.manager);
    await lengthenHistories(name, runner);
    const before = await rowsRead(name, runner);
    await write();
    return (await rowsRead(name, runner)) - before;
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

async function rowsRead(name: ServerName, runner: QueryRunner): Promise<number> {
  const [{ count }] = (await runner.query(countRows[name])) as { count: string }[];
  return Number(count);
}
