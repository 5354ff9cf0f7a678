import 'reflect-metadata';
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { alwaysRecorded } from '../paths/always-recorded.js';
import { type WritePath } from '../paths/write-path.js';
import { grid, type Scenario } from '../scenarios.js';
import { type Outcome } from '../outcome.js';
import { normalised } from './normalised.js';
import { Recorder } from './recorder.js';
import { RecordedStage } from './stage.js';
import { openWorld, type Order, type World } from './world.js';

// A child process: plays scenarios one after another and writes what they gave, one line of JSON each.

const order = JSON.parse(await text(process.stdin)) as Order;
let hideKeys = false;
const normalise = (value: unknown): unknown =>
  normalised(value, { database: String((order.options as any).database), hideKeys });
const recorder = new Recorder(normalise);
const world = await openWorld(order, recorder);
const byName = new Map(grid(order.database).map((scenario) => [scenario.name, scenario]));
await world.fixture.reset();
process.on('unhandledRejection', (error) =>
  recorder.record({ process: 'unhandledRejection', error: normalise(error) }),
);
process.on('uncaughtException', (error) =>
  recorder.record({ process: 'uncaughtException', error: normalise(error) }),
);
for (const name of order.scenarios) {
  say({ begins: name });
  const outcome = await play(byName.get(name)!, world);
  const leavesLocks = await world.fixture.reset().then(
    () => false,
    () => true,
  );
  say({ outcome: { ...outcome, connections: { ...outcome.connections, leavesLocks } } });
  // What it has left behind would be in the way of the next: the parent begins with a new process there.
  if (leavesLocks || !world.pool.isClean) break;
}
process.exit(0);

async function play(
  { name, path, context }: Scenario,
  { dataSource, pool, as, look }: World,
): Promise<Outcome> {
  hideKeys = context.isParallel ?? false;
  const isSorted = hideKeys || (context.isUnawaited ?? false);
  recorder.begin();
  pool.begin();
  const stage = new RecordedStage(order.database, path, dataSource, recorder, normalise, as);
  const ended = stage
    .attempt('scenario', async () => {
      await context.run(stage);
      await stage.end();
    })
    .then(() => true);
  const isInTime = await Promise.race([ended, sleep(order.limitMs, false, { ref: true })]);
  if (isInTime) await sleep(1);
  recorder.isRecording = false;
  const outcome = {
    scenario: name,
    hangs: !isInTime,
    results: isSorted ? sorted(stage.results) : stage.results,
    events: isSorted ? sorted(recorder.events.map(withoutRunner)) : recorder.events,
    statements: isSorted ? sorted(recorder.statements.map(withoutParameters)) : recorder.statements,
    connections: hideKeys ? withoutCounts(pool.state) : pool.state,
  };
  if (!isInTime) {
    say({ outcome: { ...outcome, rows: {}, violations: [] } });
    process.exit(0);
  }
  const { rows, violations, actors } = await look();
  return {
    ...outcome,
    rows: Object.fromEntries(
      Object.entries(rows).map(([table, list]) => [table, sorted(list.map(normalise))]),
    ),
    violations: order.isAudited ? [...violations, ...unnamed(stage.results, path, actors)] : [],
  };
}

/** Actors who have written, each one write of several at once, and whom the history doesn't know. */
function unnamed(results: Outcome['results'], path: WritePath, actors: Set<unknown>): string[] {
  const labels = results.map(([label]) => label);
  if (!alwaysRecorded.has(path.name) || labels.some((label) => label.endsWith('fails'))) return [];
  return [1, 2, 3]
    .filter((number) => labels.includes(`write ${number}`) && !actors.has(`actor ${number}`))
    .map((number) => `no revision of actor ${number}`);
}

// Which of several runners is the first is chance.
function withoutRunner(event: unknown): unknown {
  const { runner: _, ...rest } = event as Record<string, unknown>;
  return rest;
}

// Generated keys are among them.
function withoutParameters(statement: unknown): unknown {
  const { parameters: _, ...rest } = statement as Record<string, unknown>;
  return rest;
}

// A connection may be back before the next write asks for one.
function withoutCounts(state: Record<string, unknown>): Record<string, unknown> {
  const { taken: _, peak: __, ...rest } = state;
  return rest;
}

function sorted<T>(list: T[]): T[] {
  return list
    .map((one) => [JSON.stringify(one), one] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, one]) => one);
}

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
