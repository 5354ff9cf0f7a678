import { type Difference } from './compare.js';
import { type Scenario } from './scenarios.js';

interface Allowed {
  readonly reason: string;
  readonly is: (scenario: Scenario, difference: Difference) => boolean;
}

/** What may be different with the library, and why. Whatever else differs is a mistake. */
const allowed: readonly Allowed[] = [
  {
    reason:
      'save() and remove() with { transaction: false } are refused: the row could be stored without its revision.',
    is: ({ path }) => path.name === 'save() with { transaction: false }',
  },
];

export function isAllowed(scenario: Scenario, difference: Difference): boolean {
  return allowed.some(({ is }) => is(scenario, difference));
}

/**
 * The statements of the audited side without those that the library adds: loggers and `beforeQuery` see ours beside
 * the application's, which are all there, in their order. A RETURNING may name more columns.
 */
export function withoutOurs(control: readonly unknown[], audited: readonly unknown[]): unknown[] {
  const left = [...audited];
  const kept: unknown[] = [];
  for (const statement of control) {
    const index = left.findIndex((other) => keyOf(other) === keyOf(statement));
    if (index < 0) continue;
    left.splice(0, index + 1);
    kept.push(statement);
  }
  return kept;
}

function keyOf(statement: unknown): string {
  const { query, ...rest } = statement as { query: string };
  return JSON.stringify({ ...rest, query: query.replace(/ RETURNING .*$/s, '') });
}
