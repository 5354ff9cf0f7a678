/** @import { DatabaseName, Figure, Target } from './types.js' */

const single = { sqlite: 1.15, 'sqlite-memory': 1.45, postgres: 1.25, mariadb: 1.35 };

/**
 * What the library is meant to keep to. What is compared:
 *   plain     ours / plain
 *   limit     ours / limit
 *   overhead  the fastest rightly recording peer's overhead over plain / ours: the least that it may be
 *   case      ours / ours in another case, `to`
 *   ms        milliseconds
 *   more-ms   milliseconds above plain
 *   more-mb   megabytes above plain
 *
 * @type {Target[]}
 */
export const targets = [
  ...['insert-1', 'update-1', 'remove-1'].flatMap((name) => [
    { case: name, of: 'plain', most: single },
    { case: name, of: 'overhead', least: { all: 2 } },
  ]),
  { case: 'update-id-1', of: 'plain', most: { sqlite: 1.5, postgres: 2, mariadb: 2 } },
  { case: 'insert-1000', of: 'plain', most: { sqlite: 1.4, postgres: 1.6, mariadb: 1.6 } },
  { case: 'update-1000', of: 'plain', most: { sqlite: 1.3, postgres: 1.3, mariadb: 1.3 } },
  ...['insert-1000', 'update-1000', 'remove-1000'].map((name) => ({
    case: name,
    of: 'overhead',
    least: { all: 5 },
  })),
  ...['criteria-update-200000', 'criteria-delete-200000'].flatMap((name) => [
    { case: name, of: 'plain', most: { all: 3 } },
    { case: name, of: 'more-mb', most: { all: 60 } },
  ]),
  { case: 'update-at-100000', of: 'case', to: 'update-at-1', most: { all: 1.15 } },
  { case: 'timeline-1000000', of: 'case', to: 'timeline-1000', most: { all: 1.5 } },
  ...[1000, 100_000, 1_000_000].flatMap((size) => [
    { case: `as-of-${size}`, of: 'plain', most: { all: 2 } },
    { case: `at-by-key-${size}`, of: 'plain', most: { all: 2 } },
    { case: `at-page-20-${size}`, of: 'plain', most: { all: 3 } },
    { case: `feed-50-${size}`, of: 'ms', most: { all: 2 } },
  ]),
  ...['timeline', 'as-of', 'at-by-key', 'at-page-20', 'at-find-join', 'at-find-unindexed', 'feed-50'].flatMap(
    (read) =>
      [1000, 100_000, 1_000_000].map((size) => ({
        case: `${read}-${size}`,
        of: 'limit',
        most: { all: 1.3 },
      })),
  ),
  { case: 'start-up-200', of: 'more-ms', most: { all: 150 } },
];

/** @type {Record<string, (target: Target) => string>} */
const labels = {
  plain: ({ case: name }) => `${name}: ours / plain`,
  limit: ({ case: name }) => `${name}: ours / limit`,
  overhead: ({ case: name }) => `${name}: overhead of the fastest peer / ours`,
  case: ({ case: name, to }) => `${name} / ${to}`,
  ms: ({ case: name }) => `${name}: ms`,
  'more-ms': ({ case: name }) => `${name}: ms more than plain`,
  'more-mb': ({ case: name }) => `${name}: MB more than plain`,
};

/**
 * The targets of one database that it has figures for.
 *
 * @param {DatabaseName} db
 * @param {(name: string | undefined, subject: string) => Figure | undefined} figure
 * @param {(name: string) => Figure[]} peers the figures of those that recorded it rightly
 * @returns {{ label: string, value: number, bound: string, isMet: boolean }[]}
 */
export function judge(db, figure, peers) {
  return targets.flatMap((target) => {
    const bounds = target.most ?? target.least ?? {};
    const bound = bounds[db] ?? bounds.all;
    if (bound === undefined) return [];
    const value = valueOf(target, figure, peers);
    if (value === undefined) return [];
    const isMet = target.most ? value <= bound : value >= bound;
    return [{ label: labels[target.of](target), value, bound: `${target.most ? '≤' : '≥'} ${bound}`, isMet }];
  });
}

/**
 * @param {Target} target
 * @param {(name: string | undefined, subject: string) => Figure | undefined} figure
 * @param {(name: string) => Figure[]} peers
 */
function valueOf({ case: name, of, to }, figure, peers) {
  const ours = figure(name, 'ours');
  const others = { case: () => figure(to, 'ours'), ms: () => ours, limit: () => figure(name, 'limit') };
  const other = (others[of] ?? (() => figure(name, 'plain')))();
  if (!ours || !other || (of === 'overhead' && peers(name).length === 0)) return undefined;
  switch (of) {
    case 'plain':
    case 'limit':
    case 'case':
      return ours.median / other.median;
    case 'ms':
      return ours.median / 1000;
    case 'more-ms':
      return (ours.median - other.median) / 1000;
    case 'more-mb':
      return ours.megabytes === undefined ? undefined : ours.megabytes - other.megabytes;
    default:
      // Noise can make us cheaper than nothing at all.
      return ours.median > other.median
        ? overheadOf(peers(name), other) / (ours.median - other.median)
        : Infinity;
  }
}

function overheadOf(peers, plain) {
  return Math.min(...peers.map(({ median }) => median - plain.median));
}
