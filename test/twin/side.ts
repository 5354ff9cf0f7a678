import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createProcessDatabase } from './databases.js';
import { type Outcome } from './outcome.js';
import { type TwinDatabase } from './paths/write-path.js';

/** One of the two sides. */
export interface Side {
  /** Where the compiled library and scenarios are. */
  readonly folder: string;
  readonly database: TwinDatabase;
  readonly isAudited: boolean;
  readonly limitMs: number;
}

/** Plays scenarios in as few processes as do it: a new one after each that hangs, or leaves something behind. */
export async function playSide(side: Side, scenarios: readonly string[]): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  let left = scenarios;
  while (left.length > 0) {
    await playInProcess(side, left, outcomes);
    const before = left.length;
    left = left.filter((name) => !outcomes.has(name));
    if (left.length === before) throw new Error(`No scenario could be played, not even ${left[0]}.`);
  }
  return outcomes;
}

async function playInProcess(
  { folder, database, isAudited, limitMs }: Side,
  scenarios: readonly string[],
  outcomes: Map<string, Outcome>,
): Promise<void> {
  const { options, drop } = await createProcessDatabase(database);
  const child = spawn(process.execPath, [join(folder, 'test', 'twin', 'child', 'main.js')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(JSON.stringify({ database, options, isAudited, limitMs, scenarios }));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  let playing: string | undefined;
  // Its own limit ends a scenario that hangs, unless its promises never let a timer run.
  let watchdog: NodeJS.Timeout | undefined;
  const watch = (milliseconds: number): void => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  };
  // Until its tables are there, which takes a busy server its time.
  watch(180_000);
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code)),
  );
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const { begins, outcome } = JSON.parse(line) as { begins?: string; outcome?: Outcome };
    watch(2 * limitMs + 10_000);
    if (outcome) outcomes.set(outcome.scenario, outcome);
    playing = begins;
  }
  const end = await ended;
  clearTimeout(watchdog);
  await drop();
  if (playing)
    outcomes.set(playing, crashed(playing, end === 'SIGKILL' ? 'hangs' : `exit ${end}: ${errors}`));
  else if (end !== 0)
    throw new Error(
      `The process of ${database} ${isAudited ? 'with' : 'without'} audit ended with ${end} after ${outcomes.size} outcomes: ${errors}`,
    );
}

function crashed(scenario: string, crash: string): Outcome {
  return {
    scenario,
    hangs: crash === 'hangs',
    results: [],
    events: [],
    statements: [],
    connections: {},
    rows: {},
    violations: [],
    crash,
  };
}
