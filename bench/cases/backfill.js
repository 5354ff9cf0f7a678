import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, URL } from 'node:url';
import { Audited, attachAudit } from 'nestjs-typeorm-audit';
import { DataSource } from 'typeorm';
import { createDatabase } from '../databases.js';
import { writeEntities } from '../entities.js';
import { sqlOf } from '../sql.js';
import { insertRevisions, refill } from './writes.js';

/** @import { DatabaseName, Result } from '../types.js' */

const WRITERS = 8;
const PAUSE_MS = 10;
/** As many as `backfill()` takes by default. */
const ROWS_AT_ONCE = 1000;
/** Where the run beside writers is killed, as shares of the rows. */
const KILLS = [1 / 3, 2 / 3];

/**
 * The backfill of a table of rows without history: alone, and beside writers while it is killed twice. At the end
 * `verify()` must find nothing, and each row must have exactly one first version.
 *
 * @param {DatabaseName} databaseName
 * @param {{ rows: number, batchSize?: number, say: (text: string) => void }} options
 * @returns {Promise<Result[]>} µs per row
 */
export async function measureBackfill(databaseName, { rows, batchSize, say }) {
  const result = (name, subject, ms) => {
    const median = (ms * 1000) / rows;
    say(
      `${databaseName}: ${name} of ${subject}: ${Math.round(1_000_000 / median).toLocaleString('en')} rows/s`,
    );
    return { case: `${name}-${rows}`, subject, median, q1: median, q3: median, rounds: 1 };
  };
  const limit = await onRows(databaseName, rows, ({ dataSource }) => insertByHand(dataSource, rows));
  const alone = await onRows(databaseName, rows, async (world) => {
    const { ms } = await backfill({ options: world.options, batchSize });
    await check(world, rows);
    return ms;
  });
  const beside = await onRows(databaseName, rows, async (world) => {
    const writers = startWriters(world, rows);
    const start = performance.now();
    for (const share of KILLS) await backfill({ options: world.options, batchSize }, share * rows);
    await backfill({ options: world.options, batchSize });
    const ms = performance.now() - start;
    const { writes, conflicts } = await writers.stop();
    say(
      `${databaseName}: ${WRITERS} writers made ${Math.round((writes * 1000) / ms)} writes/s beside it` +
        (conflicts > 0 ? `, and ${conflicts} were refused and tried again` : ''),
    );
    return { ms, verifyMs: await check(world, rows) };
  });
  return [
    result('backfill', 'limit', limit),
    result('backfill', 'ours', alone),
    result('backfill-beside-writers', 'ours', beside.ms),
    result('verify', 'ours', beside.verifyMs),
  ];
}

/** Runs something on a table with rows that were there before it was audited. */
async function onRows(databaseName, rows, run) {
  const database = await createDatabase(databaseName);
  try {
    const entities = writeEntities((entity) => Audited()(entity));
    const dataSource = await new DataSource({
      ...database.options,
      entities: Object.values(entities),
      synchronize: true,
    }).initialize();
    try {
      await refill({ name: 'plain', dataSource, history: 'booking_rev' }, rows);
      return await run({ dataSource, options: database.options, Booking: entities.Booking });
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await database.drop();
  }
}

/** What the database itself takes: a statement for each range of keys. @returns ms */
async function insertByHand(dataSource, rows) {
  const start = performance.now();
  for (let from = 1; from <= rows; from += ROWS_AT_ONCE)
    await insertRevisions(dataSource, {
      from: `booking b WHERE b.id BETWEEN ${from} AND ${from + ROWS_AT_ONCE - 1}`,
    });
  return performance.now() - start;
}

/**
 * Backfills in a process of its own.
 *
 * @param {object} task
 * @param {number} [killAt] the number of rows after which the process is killed
 * @returns {Promise<{ missing: number, ms: number }>}
 */
function backfill(task, killAt = Infinity) {
  const path = fileURLToPath(new URL('../children/backfill.js', import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(task)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let outcome = { missing: 0, ms: 0 };
  child.on('message', (/** @type {any} */ message) => {
    if (message.done === undefined) outcome = message;
    else if (message.done >= killAt) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (signal === 'SIGKILL' ? killAt < Infinity : status === 0 && killAt === Infinity) resolve(outcome);
      else reject(new Error(`the backfill ended with ${signal ?? status}, to be killed at ${killAt} rows`));
    });
  });
}

/** Writers that update rows at random, each with a short pause after a write. */
function startWriters({ dataSource, Booking }, rows) {
  attachAudit(dataSource);
  const bookings = dataSource.getRepository(Booking);
  const state = { isOver: false, writes: 0, conflicts: 0 };
  const write = async () => {
    while (!state.isOver) {
      const id = 1 + Math.floor(Math.random() * rows);
      try {
        await bookings.update(id, { party: () => 'party + 1' });
        state.writes++;
      } catch (/** @type {any} */ error) {
        // Two that want one row, or SQLite's one writer at a time.
        if (!/deadlock|locked|lock wait|could not serialize|record has changed/i.test(error.message))
          throw error;
        state.conflicts++;
      }
      await sleep(PAUSE_MS);
    }
  };
  const running = Promise.all(Array.from({ length: WRITERS }, write));
  // It is reported when they are stopped.
  running.catch(() => undefined);
  return {
    stop: async () => {
      state.isOver = true;
      await running;
      return state;
    },
  };
}

/** @returns the ms that `verify()` took. @throws Error if it finds something, or a row has no or two first versions */
async function check({ options }, rows) {
  const entities = writeEntities((entity) => Audited()(entity));
  const dataSource = await new DataSource({ ...options, entities: Object.values(entities) }).initialize();
  try {
    const { maintenance } = attachAudit(dataSource);
    // As a background job of the server's has done by then.
    await sqlOf(dataSource).analyze('booking', 'booking_rev');
    const start = performance.now();
    const { ok, findings } = await maintenance.verify(entities.Booking);
    const ms = performance.now() - start;
    const [{ firsts, ids }] = await dataSource.query(
      'SELECT count(*) AS firsts, count(DISTINCT id) AS ids FROM booking_rev WHERE rev_version = 1',
    );
    if (!ok || Number(firsts) !== rows || Number(ids) !== rows)
      throw new Error(`${firsts} first versions of ${ids} of ${rows} rows, and ${JSON.stringify(findings)}`);
    return ms;
  } finally {
    await dataSource.destroy();
  }
}
