import { performance } from 'node:perf_hooks';
import { Audited, attachAudit } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';
import { createDatabase } from '../databases.js';
import { readEntities } from '../entities.js';
import { summary } from '../measure.js';
import { sqlOf } from '../sql.js';

/** @import { DatabaseName, Result } from '../types.js' */

/*
 * Filters that have no index, in `rows` of `versions` each, all by `ann`. What each looks for isn't there, so that a page
 * looks through all that it may.
 */
const searches = [
  {
    // Some databases take ANN for ann.
    name: 'search-feed-actor-300000',
    rows: 30_000,
    versions: 10,
    read: ({ history }, cursor) => history.feed({ actor: 'ANN', cursor }),
  },
  {
    name: 'search-timeline-actor-50000',
    rows: 1,
    versions: 50_000,
    read: ({ history, Stay }, cursor) => history.timeline(Stay, 1, { actor: 'ANN', cursor }),
  },
  {
    name: 'search-feed-actor-1000000',
    rows: 100_000,
    versions: 10,
    read: ({ history }, cursor) => history.feed({ actor: 'nobody', cursor }),
  },
  {
    name: 'search-timeline-property-500000',
    rows: 1,
    versions: 500_000,
    read: ({ history, Stay }, cursor) => history.timeline(Stay, 1, { property: 'code', cursor }),
  },
];

/**
 * @param {DatabaseName} databaseName
 * @param {{ rounds: number }} budget
 * @returns {Promise<Result[]>} µs of the first page, and with `-whole` of all pages to the end
 */
export async function measureSearches(databaseName, { rounds }) {
  const results = [];
  for (const search of searches) {
    const world = await openWorld(databaseName, search);
    try {
      const pages = [];
      const wholes = [];
      for (let round = 0; round < rounds; round++) {
        const start = performance.now();
        let { nextCursor } = await search.read(world);
        pages.push((performance.now() - start) * 1000);
        while (nextCursor) ({ nextCursor } = await search.read(world, nextCursor));
        wholes.push((performance.now() - start) * 1000);
      }
      results.push(
        { case: search.name, subject: 'ours', ...summary(pages) },
        { case: `${search.name}-whole`, subject: 'ours', ...summary(wholes) },
      );
    } finally {
      await world.close();
    }
  }
  return results;
}

async function openWorld(databaseName, { rows, versions }) {
  const database = await createDatabase(databaseName);
  const { Guest, Stay } = readEntities(Audited);
  const dataSource = new DataSource({ ...database.options, entities: [Guest, Stay], synchronize: true });
  const close = async () => {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.drop();
  };
  try {
    await dataSource.initialize();
    const { history } = attachAudit(dataSource);
    const sql = sqlOf(dataSource);
    const id = sql.uuid(`(v.n * ${rows} + s.n)`);
    await dataSource.query(
      `INSERT INTO stay_rev (rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_actor, rev_transaction, ` +
        `id, party, code, note, guest_fk) SELECT ${id}, 1577836800 + v.n, FALSE, v.n, ` +
        `CASE v.n WHEN 1 THEN 'insert' ELSE 'update' END, 'ann', ${id}, s.n, v.n, 1, 'Stay', NULL ` +
        `FROM ${sql.series(versions, 'v')} CROSS JOIN ${sql.series(rows, 's')}`,
    );
    await sql.analyze('stay_rev');
    return { history, Stay, close };
  } catch (error) {
    await close();
    throw error;
  }
}
