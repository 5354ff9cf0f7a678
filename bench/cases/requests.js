import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath, URL } from 'node:url';
import { Audited } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';
import { createDatabase } from '../databases.js';
import { servedEntities } from '../entities.js';
import { summary } from '../measure.js';
import { sqlOf } from '../sql.js';

/** @import { DatabaseName, Result } from '../types.js' */

// Paper 1 has 200 versions of 1 MB, paper 2 two of 10 MB, and one transaction made 100,000 small ones.
const LARGE = 200;
const SMALL = 100_000;
const transaction = '01900000-0000-7000-8000-0000000000aa';

/**
 * A request, or with `isWhole` it and those that its cursors lead to.
 *
 * @type {{ name: string, path: string, isWhole?: boolean }[]}
 */
const requests = [
  { name: 'http-idle', path: '' },
  { name: 'http-timeline-1mb-page', path: '/paper/1?limit=200' },
  { name: 'http-timeline-1mb-whole', path: '/paper/1?limit=200', isWhole: true },
  { name: 'http-timeline-1mb-snapshots', path: '/paper/1?limit=200&snapshot=true' },
  { name: 'http-transaction-100000-page', path: `/transactions/${transaction}?limit=200` },
  { name: 'http-transaction-100000-whole', path: `/transactions/${transaction}?limit=200`, isWhole: true },
  { name: 'http-version-1mb', path: '/paper/1/versions/200' },
  { name: 'http-version-10mb', path: '/paper/2/versions/2' },
  { name: 'http-diff-10mb', path: '/paper/2/diff?from=1&to=2' },
  { name: 'http-as-of-10mb', path: '/paper/2/as-of?at=2' },
];

/**
 * Requests to the endpoints, each to a server process of its own.
 *
 * @param {DatabaseName} databaseName
 * @param {{ rounds: number }} budget
 * @returns {Promise<Result[]>} µs per answer, and the median of the peaks
 */
export async function measureRequests(databaseName, { rounds }) {
  const database = await createDatabase(databaseName);
  try {
    const largeText = ['mariadb', 'mysql'].includes(databaseName) ? 'longtext' : 'text';
    await fill(database.options, largeText);
    const results = [];
    for (const request of requests) {
      const runs = [];
      for (let round = 0; round < rounds; round++)
        runs.push(await serve({ options: database.options, largeText }, request));
      results.push({
        case: request.name,
        subject: 'ours',
        ...summary(runs.map(({ us }) => us)),
        megabytes: Math.round(summary(runs.map(({ peakKb }) => peakKb / 1024)).median),
      });
    }
    return results;
  } finally {
    await database.drop();
  }
}

async function serve(task, /** @type {(typeof requests)[number]} */ { path, isWhole }) {
  const child = fork(fileURLToPath(new URL('../children/serve.js', import.meta.url)), [JSON.stringify(task)]);
  const said = async () => {
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([status]) => Promise.reject(new Error(`serve.js ended with ${status}`))),
    ]);
    return message;
  };
  try {
    const { url } = await said();
    await ask(`${url}/audit`);
    let answers = 0;
    let cursor;
    const start = performance.now();
    do {
      const joined = cursor ? `${path}&cursor=${cursor}` : path;
      ({ nextCursor: cursor } = await ask(`${url}/audit${joined}`));
      answers++;
    } while (isWhole && cursor);
    const us = ((performance.now() - start) * 1000) / answers;
    child.send('peak');
    return { us, ...(await said()) };
  } finally {
    child.kill();
  }
}

async function ask(url) {
  const answer = await globalThis.fetch(url);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

async function fill(options, largeText) {
  const entities = Object.values(servedEntities(Audited, largeText));
  const dataSource = await new DataSource({ ...options, entities, synchronize: true }).initialize();
  try {
    const sql = sqlOf(dataSource);
    const columns =
      'rev_id, rev_created, rev_isdelete, rev_version, rev_operation, rev_actor, rev_transaction, id, title, text';
    const insert = (number, version, of, id, text, series) =>
      dataSource.query(
        `INSERT INTO paper_rev (${columns}) SELECT ${sql.uuid(number)}, 1577836800 + ${number}, FALSE, ${version}, ` +
          `CASE ${version} WHEN 1 THEN 'insert' ELSE 'update' END, 'ann', ${of}, ${id}, ` +
          `${sql.concat("'Paper '", sql.text(number))}, ${text} FROM ${series}`,
      );
    const text = (number, megabytes) =>
      sql.concat(sql.text(number), sql.repeat('abcdefghij', megabytes * 100_000));
    await insert('s.n', 's.n', sql.uuid('s.n'), '1', text('s.n', 1), sql.series(LARGE, 's'));
    await insert('(1000 + s.n)', 's.n', sql.uuid('s.n'), '2', text('s.n', 10), sql.series(2, 's'));
    const given = options.type === 'postgres' ? `'${transaction}'::uuid` : `'${transaction}'`;
    await insert('(2000 + s.n)', '1', given, '(10 + s.n)', `'small'`, sql.series(SMALL, 's'));
    await sql.analyze('paper_rev');
  } finally {
    await dataSource.destroy();
  }
}
