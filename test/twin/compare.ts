import { isAllowed, withoutOurs, withoutRetried, withOwnText } from './allowed-differences.js';
import { type Outcome } from './outcome.js';
import { type TwinDatabase } from './paths/write-path.js';
import { type Scenario } from './scenarios.js';

/** Something that is not with the library as it is without. */
export interface Difference {
  /** `results.write`, `events`, `rows.item`, `violations`. */
  readonly what: string;
  readonly without: unknown;
  readonly with: unknown;
}

/** The differences of a scenario between its two sides that nobody has allowed. */
export function differences(
  scenario: Scenario,
  database: TwinDatabase,
  control: Outcome,
  audited: Outcome,
): Difference[] {
  return found(scenario, database, control, audited).filter((difference) => !isAllowed(scenario, difference));
}

function found(scenario: Scenario, database: TwinDatabase, control: Outcome, audited: Outcome): Difference[] {
  const violations = { what: 'violations', without: [], with: audited.violations };
  const always = [
    { what: 'hangs', without: control.hangs, with: audited.hangs },
    { what: 'crash', without: control.crash, with: audited.crash },
    violations,
  ].filter(isDifferent);
  const isJudged = scenario.context.isJudged?.(scenario.path, database) ?? true;
  if (always.length > 0 || !isJudged || control.hangs) return always;
  return [
    ...byKey('results', labelled(control), labelled(audited)),
    {
      what: 'events',
      without: control.events,
      with: withOwnText(control.events, withoutRetried(scenario, audited.events)),
    },
    {
      what: 'statements',
      without: control.statements,
      with: withoutOurs(scenario, control.statements, audited.statements),
    },
    ...byKey('connections', control.connections, audited.connections),
    ...byKey('rows', control.rows, audited.rows),
  ].filter(isDifferent);
}

function labelled({ results }: Outcome): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  for (const [label, value] of results) {
    const number = Object.keys(named).filter((name) => name.replace(/ #\d+$/, '') === label).length;
    named[number > 0 ? `${label} #${number + 1}` : label] = value;
  }
  return named;
}

function byKey(what: string, without: Record<string, unknown>, given: Record<string, unknown>): Difference[] {
  return [...new Set([...Object.keys(without), ...Object.keys(given)])].map((key) => ({
    what: `${what}.${key}`,
    without: without[key],
    with: given[key],
  }));
}

function isDifferent(difference: Difference): boolean {
  return JSON.stringify(difference.without) !== JSON.stringify(difference.with);
}
