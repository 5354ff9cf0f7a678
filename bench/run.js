import { performance } from 'node:perf_hooks';
import { measureBackfill } from './cases/backfill.js';
import { bytesPerRow, raceGrowth } from './cases/growth.js';
import { measureBigWrites, measureStartUp } from './cases/processes.js';
import { raceReads } from './cases/reads.js';
import { measureRequests } from './cases/requests.js';
import { measureSearches } from './cases/searches.js';
import { writeCases } from './cases/writes.js';
import { closeRelays, databaseNames, delayRoundTrips, isServer, versionOf } from './databases.js';
import { figuresOf } from './figures.js';
import { machine } from './machine.js';
import { loadPeers } from './peers.js';
import { report } from './report.js';
import { openSubjects } from './subjects.js';
import { verifySubjects } from './verify.js';
import { raceWrites } from './write-race.js';

/** @import { DatabaseName, Outcome, Result, Subject } from './types.js' */

const full = {
  singles: { rounds: 100, ms: 10_000, atLeast: 15, warmMs: 4000 },
  bulk: { rounds: 15, ms: 20_000, atLeast: 7 },
  growth: {
    sizes: [1, 1000, 100_000],
    batch: 10,
    budget: { rounds: 60, ms: 8000, atLeast: 15, warmMs: 1000 },
  },
  reads: { sizes: [1000, 100_000, 1_000_000], budget: { rounds: 40, ms: 8000, atLeast: 10, warmMs: 1000 } },
  processes: { rounds: 3 },
  searches: { rounds: 5 },
  bytes: 2000,
};
const quick = {
  // On a busy machine the last cases are left out.
  totalMs: 36_000,
  singles: { rounds: 12, ms: 300, atLeast: 3, warmMs: 250 },
  bulk: { rounds: 3, ms: 300, atLeast: 1 },
  growth: { sizes: [1, 1000], batch: 5, budget: { rounds: 10, ms: 250, atLeast: 3 } },
  reads: { sizes: [1000], budget: { rounds: 10, ms: 100, atLeast: 3, warmMs: 80 } },
  processes: undefined,
  // A thousand saves of a peer take as long as all else.
  peerCases: ['insert-1', 'update-1', 'remove-1', 'update-id-1', 'insert-1000'],
  bytes: 200,
};

/**
 * Runs the cases on the databases that answer, and prints what came of it.
 *
 * @param {{ quick: boolean, json: boolean, db?: DatabaseName[], case?: string[], rtt?: string, rows?: string }} options
 */
export async function run({ quick: isQuick, json, db, case: only, rtt, rows }) {
  const say = (text) => process.stderr.write(`${text}\n`);
  const { peers, note } = loadPeers();
  const started = performance.now();
  if (note) say(note);
  const plan = isQuick ? quick : full;
  /** @type {Outcome[]} */
  const outcomes = [];
  /** @type {Record<string, string>} */
  const versions = {};
  const roundTripMs = roundTripOf(rtt);
  const names = chosen(db, roundTripMs);
  for (const [n, name] of names.entries()) {
    try {
      versions[name.replace('-memory', '')] = await versionOf(name);
      if (roundTripMs) await delayRoundTrips(name, roundTripMs);
    } catch (error) {
      if (db) throw error;
      say(`${name} doesn't answer and is left out: ${reasonOf(error)}`);
      continue;
    }
    const leftMs = plan.totalMs === undefined ? Infinity : started + plan.totalMs - performance.now();
    const until = performance.now() + leftMs / (names.length - n);
    outcomes.push(await runDatabase(name, { plan, peers, only, say, until, rows: rowsOf(rows) }));
  }
  await closeRelays();
  const described = { ...machine(versions), ...(roundTripMs && { round_trip_ms: roundTripMs }) };
  if (json) console.log(JSON.stringify({ machine: described, results: figuresOf(outcomes) }, null, 2));
  else console.log(report(described, outcomes, note));
}

function reasonOf(/** @type {any} */ error) {
  return error.message || error.code;
}

function roundTripOf(/** @type {string | undefined} */ rtt) {
  if (rtt === undefined) return undefined;
  if (Number(rtt) > 0) return Number(rtt);
  throw new Error(`--rtt is a number of milliseconds above 0, got ${rtt}.`);
}

function rowsOf(/** @type {string | undefined} */ rows) {
  if (rows === undefined) return 1_000_000;
  if (Number.isInteger(Number(rows)) && Number(rows) >= 10_000) return Number(rows);
  throw new Error(`--rows must be an integer of 10000 or more, got ${rows}.`);
}

/**
 * @param {DatabaseName[] | undefined} names
 * @param {number | undefined} roundTripMs
 * @returns {DatabaseName[]}
 */
function chosen(names, roundTripMs) {
  const unknown = names?.find((name) => !databaseNames.includes(name));
  if (unknown) throw new Error(`There is no database ${unknown}. Choose of ${databaseNames.join(', ')}.`);
  if (!roundTripMs) return names ?? databaseNames;
  const file = names?.find((name) => !isServer(name));
  if (file) throw new Error(`--rtt is for servers, and ${file} has no network.`);
  return names ?? databaseNames.filter(isServer);
}

async function runDatabase(/** @type {DatabaseName} */ name, { plan, peers, only, say, until, rows }) {
  const isWanted = (group) => {
    if (only && !only.some((wanted) => wanted.startsWith(group))) return false;
    if (performance.now() < until) return true;
    say(`${name}: no time is left for ${group}`);
    return false;
  };
  /** @type {Outcome} */
  const outcome = { db: name, results: [], verified: [], bytes: [] };
  const add = (/** @type {Result[]} */ results) => outcome.results.push(...results);
  const subjects = await openSubjects(name, peers);
  try {
    outcome.verified = await verifySubjects(subjects);
    for (const writeCase of writeCases) {
      if ((writeCase.on && !writeCase.on.includes(name)) || (only && !only.includes(writeCase.name)))
        continue;
      say(`${name}: ${writeCase.name}`);
      const budget = writeCase.batch ? plan.singles : plan.bulk;
      const isPeerWanted = plan.peerCases?.includes(writeCase.name) ?? true;
      const racing = subjects.filter(({ name: subject, isPeer }) =>
        subject === 'masked' ? writeCase.hasMasks : !isPeer || isPeerWanted,
      );
      const results = await raceWrites(writeCase, racing, name, budget);
      add(results.map((result) => ({ case: writeCase.name, ...result })));
    }
    if (isWanted('update-at')) {
      say(`${name}: update-at-…`);
      add(
        await raceGrowth(
          /** @type {Subject} */ (subjects.find((subject) => subject.name === 'ours')),
          plan.growth,
        ),
      );
    }
    if (isWanted('bytes')) outcome.bytes = await bytesPerRow(subjects, plan.bytes);
  } finally {
    for (const subject of subjects) await subject.close();
  }
  if (isWanted('read')) {
    say(`${name}: reads`);
    add(await raceReads(name, plan.reads));
  }
  // A database in memory is part of the process whose memory is measured.
  if (plan.processes && name !== 'sqlite-memory' && isWanted('big')) {
    say(`${name}: big writes`);
    add(await measureBigWrites(name, plan.processes));
  }
  if (plan.processes && name !== 'sqlite-memory' && isWanted('http')) {
    say(`${name}: requests`);
    add(await measureRequests(name, plan.processes));
  }
  if (plan.searches && isWanted('search')) {
    say(`${name}: searches`);
    add(await measureSearches(name, plan.searches));
  }
  // It takes minutes, so it runs only where it is asked for.
  if (only?.includes('backfill') && name !== 'sqlite-memory') {
    say(`${name}: backfill`);
    add(await measureBackfill(name, { rows, say }));
  }
  if (plan.processes && isWanted('start-up')) {
    say(`${name}: start-up`);
    add(await measureStartUp(name, plan.processes));
  }
  return outcome;
}
