/** @import { Figure, Outcome, Result } from './types.js' */

/**
 * Whether a figure is one of a write that was recorded: a peer that records nothing of it is not fast.
 *
 * @param {Result} result
 * @returns {result is Figure}
 */
export function hasRecorded(result) {
  return !result.error && result.recorded === result.expected;
}

/**
 * The figures as --json prints them.
 *
 * @param {Outcome[]} outcomes
 */
export function figuresOf(outcomes) {
  const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;
  return outcomes.flatMap(({ db, results }) =>
    results.filter(hasRecorded).map(({ case: name, subject, median, q1, q3, rounds }) => ({
      db,
      case: name,
      subject,
      median_us: round(median),
      q1_us: round(q1),
      q3_us: round(q3),
      rounds,
    })),
  );
}
