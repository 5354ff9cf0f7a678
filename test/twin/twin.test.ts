import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { twinDatabases, type TwinDatabase } from './paths/write-path.js';
import { lines, prepareProject } from './project.js';
import { reportOf } from './report.js';
import { type Cell, sampleOf } from './sample.js';
import { contexts, grid } from './scenarios.js';
import { playTwins, type TwinRun } from './twins.js';

const MINUTES = 60_000;
const limitMs = 20_000;
const folders = new Map<string, string>();

// Installs TypeORM 0.3 the first time.
beforeAll(async () => {
  for (const line of lines) folders.set(line, await prepareProject(line));
}, 5 * MINUTES);
afterAll(async () => {
  for (const folder of folders.values()) await rm(folder, { recursive: true });
}, 5 * MINUTES);

const databases = databasesOfTwins();
const cells = databases.flatMap((database) => lines.map((line): Cell => ({ database, line })));
const sample = sampleOf(cells);

describe.each(cells)('an application on $database with TypeORM $line', (cell) => {
  it(
    'does what it did before it was audited',
    async () => {
      expect(await reportsOf({ ...runOn(cell), scenarios: sample.get(cell)! })).toEqual([]);
    },
    10 * MINUTES,
  );
});

describe.each(databases)('two runs without the library on %s', (database) => {
  it(
    'differ in nothing, so that what differs is not chance',
    async () => {
      const ofEachContext = contexts.map(({ name }, index) => {
        const possible = grid(database).filter(({ context }) => context.name === name);
        return possible[(index * 7) % possible.length];
      });
      const scenarios = ofEachContext.filter((one) => one !== undefined);
      const run = runOn({ database, line: lines[0] });
      expect(await reportsOf({ ...run, scenarios, isControlTwice: true })).toEqual([]);
    },
    10 * MINUTES,
  );
});

function runOn({ database, line }: Cell): Omit<TwinRun, 'scenarios'> {
  return { folder: folders.get(line)!, database, limitMs };
}

async function reportsOf(run: TwinRun): Promise<string[]> {
  const twins = await playTwins(run);
  return twins.filter(({ differences }) => differences.length > 0).map(reportOf);
}

function databasesOfTwins(): TwinDatabase[] {
  const found = (process.env.AUDIT_TEST_DATABASES ?? '').split(',');
  return twinDatabases.filter((database) => found.includes(database));
}
