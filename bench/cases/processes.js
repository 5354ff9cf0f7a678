import { spawn } from 'node:child_process';
import { fileURLToPath, URL } from 'node:url';
import { summary } from '../measure.js';
import { openOne } from '../subjects.js';
import { refill } from './writes.js';

/** @import { DatabaseName, Result } from '../types.js' */

const names = /** @type {const} */ (['plain', 'ours']);
// With triggers it is an unaudited process whose writes the database records.
const writeNames = /** @type {const} */ (['plain', 'ours', 'limit']);

/** Writes that are big enough for memory to matter, each in a process of its own. */
const bigWrites = [
  { name: 'save-50000', write: 'save', count: 50_000 },
  { name: 'criteria-update-200000', write: 'update', count: 200_000 },
  { name: 'criteria-delete-200000', write: 'delete', count: 200_000 },
];

/**
 * @param {DatabaseName} databaseName
 * @param {{ rounds: number }} budget
 * @returns {Promise<Result[]>} `megabytes` is the median of the processes' peaks
 */
export async function measureBigWrites(databaseName, { rounds }) {
  const results = [];
  for (const { name, write, count } of bigWrites) {
    const runs = await alternate(writeNames, rounds, (subject) =>
      bigWrite(databaseName, subject, write, count),
    );
    for (const subject of writeNames)
      results.push({
        case: name,
        subject,
        ...summary(runs[subject].map(({ ms }) => (ms * 1000) / count)),
        megabytes: Math.round(summary(runs[subject].map(({ maxRssKb }) => maxRssKb / 1024)).median),
      });
  }
  return results;
}

/**
 * @param {DatabaseName} databaseName
 * @param {{ rounds: number }} budget
 * @returns {Promise<Result[]>} µs from `new DataSource()` of 200 entities until it can be used
 */
export async function measureStartUp(databaseName, { rounds }) {
  const subjects = {};
  for (const name of names) subjects[name] = await openOne(databaseName, name);
  try {
    const runs = await alternate(names, rounds, (subject) =>
      inProcess('start-up.js', { subject, options: subjects[subject].options }),
    );
    return names.map((subject) => ({
      case: 'start-up-200',
      subject,
      ...summary(runs[subject].map(({ ms }) => ms * 1000)),
    }));
  } finally {
    for (const name of names) await subjects[name].close();
  }
}

/**
 * @template {string} Name
 * @param {readonly Name[]} subjects
 * @param {number} rounds
 * @param {(name: Name) => Promise<any>} run
 * @returns {Promise<Record<Name, any[]>>}
 */
async function alternate(subjects, rounds, run) {
  const runs = /** @type {any} */ (Object.fromEntries(subjects.map((name) => [name, []])));
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? subjects : [...subjects].reverse()) runs[name].push(await run(name));
  return runs;
}

async function bigWrite(databaseName, name, write, count) {
  const subject = await openOne(databaseName, name);
  try {
    if (write !== 'save') await refill(subject, count);
    return await inProcess('write.js', { subject: name, options: subject.options, write, count });
  } finally {
    await subject.close();
  }
}

function inProcess(file, task) {
  const path = fileURLToPath(new URL(`../children/${file}`, import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      status === 0 ? resolve(JSON.parse(output)) : reject(new Error(`${file} ended with ${status}`)),
    );
  });
}
