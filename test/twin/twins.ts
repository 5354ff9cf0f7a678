import { differences, type Difference } from './compare.js';
import { type Outcome } from './outcome.js';
import { type TwinDatabase } from './paths/write-path.js';
import { type Scenario } from './scenarios.js';
import { playSide } from './side.js';

/** A scenario's two sides. */
export interface Twin {
  readonly scenario: Scenario;
  readonly control: Outcome;
  readonly audited: Outcome;
  readonly differences: Difference[];
}

export interface TwinRun {
  readonly folder: string;
  readonly database: TwinDatabase;
  readonly scenarios: readonly Scenario[];
  readonly limitMs: number;
  /** Plays the control against itself, which shows what is chance. */
  readonly isControlTwice?: boolean;
}

/** Plays scenarios without and with the library at the same time, each in a process and a database of its own. */
export async function playTwins({ scenarios, isControlTwice, ...run }: TwinRun): Promise<Twin[]> {
  const names = scenarios.map(({ name }) => name);
  const [controls, audits] = await Promise.all([
    playSide({ ...run, isAudited: false }, names),
    playSide({ ...run, isAudited: !isControlTwice }, names),
  ]);
  return scenarios.map((scenario) => {
    const control = controls.get(scenario.name)!;
    const audited = audits.get(scenario.name)!;
    return { scenario, control, audited, differences: differences(scenario, run.database, control, audited) };
  });
}
