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
  {
    reason: 'Without listeners, save() is not recorded: its caller has asked for that.',
    is: ({ path }, { what }) => path.name === 'save() without listeners' && what === 'violations',
  },
  {
    reason:
      'clear() of an audited entity is a DELETE, as a TRUNCATE says of no row that it is gone: row triggers run, ' +
      'and on MariaDB and MySQL it commits nothing.',
    is: ({ path }, { what }) =>
      path.name === 'clear()' && /^(rows\.(trace|pair)|statements|events)$/.test(what),
  },
  {
    reason:
      'Half a save() is never committed, as it has no history: COMMIT is refused where an application has caught ' +
      'its error. That of a materialized path calls hooks in its midst.',
    is: ({ path: { name }, context }) =>
      /halfway|materialized path/.test(name) &&
      /goes on after an error|then COMMIT|hook that throws, in transaction/.test(context.name),
  },
  {
    reason: 'What a deferred constraint refuses is refused by our COMMIT, of which loggers are told.',
    is: ({ path }, { what }) =>
      path.name === 'update() that breaks a deferred key' && /^(events|statements)$/.test(what),
  },
];

// Derived runners decide by `isTransactionActive` what they run around a statement, and in our transaction it is.
const ofDerivedRunners = /^(SET|RESET) (app\.|@)tenant/;

export function isAllowed(scenario: Scenario, difference: Difference): boolean {
  return allowed.some(({ is }) => is(scenario, difference));
}

/**
 * The statements of the audited side without those that the library adds: loggers and `beforeQuery` see ours beside
 * the application's, which are all there, in their order where that isn't chance.
 */
export function withoutOurs(
  { context }: Scenario,
  control: readonly unknown[],
  audited: readonly unknown[],
): unknown[] {
  const isOrdered = !context.isParallel && !context.isUnawaited;
  const left = [...audited];
  const kept: unknown[] = [];
  for (const statement of control) {
    if (ofDerivedRunners.test((statement as { query: string }).query)) {
      kept.push(statement);
      continue;
    }
    const index = left.findIndex((other) => isSame(statement, other));
    if (index < 0) continue;
    // Of the reads that a save() has side by side, that one comes first whose statement SQLite's driver still has.
    if (isOrdered) left.splice(0, index + 1, ...left.slice(0, index).filter(isRead));
    else left.splice(index, 1);
    kept.push(statement);
  }
  return kept;
}

/** The events of the audited side with failed queries as the application wrote them. */
export function withOwnText(control: readonly unknown[], audited: readonly unknown[]): unknown[] {
  return audited.map((event, index) => (isSame(control[index], event) ? control[index] : event));
}

/**
 * Events without the failed attempts of writes that had a deadlock with those beside them: the library tries them again,
 * and loggers are told of each attempt.
 */
export function withoutRetried({ context }: Scenario, events: readonly unknown[]): unknown[] {
  if (!context.isParallel) return [...events];
  const isRetried = ({ logger, error }: { logger?: string; error?: unknown }): boolean =>
    logger === 'failed query' && /deadlock/i.test(String(error));
  return events.filter((event) => !isRetried(event as object));
}

function isSame(statement: unknown, other: unknown): boolean {
  const [a, b] = [statement, other].map((given) => {
    const { query, ...rest } = (given ?? {}) as { query?: string };
    return [JSON.stringify(rest), query && ownText(query)];
  });
  return a[0] === b[0] && a[1] === b[1];
}

function isRead(statement: unknown): boolean {
  return (statement as { query: string }).query.startsWith('SELECT');
}

// The keys of the written rows come back in a RETURNING, on PostgreSQL gathered by a statement around the write.
function ownText(query: string): string {
  return query.replace(/^WITH audit_written AS \(/, '').replace(/ RETURNING .*$/s, '');
}
