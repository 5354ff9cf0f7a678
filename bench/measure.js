import { performance } from 'node:perf_hooks';

/** @import { Budget, Lane, Summary } from './types.js' */

/**
 * Measures lanes against each other: in each round every lane is run once, in an order that turns, so that what
 * disturbs the machine for a while disturbs all of them.
 *
 * @param {Lane[]} lanes one that throws leaves the race, and its error is kept
 * @param {Budget} budget before, the lanes are run once, and again for as long as it takes to be warm, as a server is
 * @returns {Promise<(Summary | { error: unknown })[]>} for each lane
 */
export async function race(lanes, { rounds, ms, atLeast = 3, warmMs = 0 }) {
  /** @type {number[][]} */
  const samples = lanes.map(() => []);
  /** @type {unknown[]} */
  const errors = lanes.map(() => undefined);
  const measureOnce = async (n, isCounted) => {
    const { entities, prepare, run } = lanes[n];
    try {
      const prepared = await prepare?.();
      const start = performance.now();
      await run(prepared);
      if (isCounted) samples[n].push(((performance.now() - start) * 1000) / entities);
    } catch (error) {
      errors[n] = error;
    }
  };
  const warmUntil = performance.now() + warmMs;
  do for (let n = 0; n < lanes.length; n++) if (!errors[n]) await measureOnce(n, false);
  while (performance.now() < warmUntil);
  const until = performance.now() + ms;
  for (let round = 0; round < rounds; round++) {
    if (round >= atLeast && performance.now() > until) break;
    for (let turn = 0; turn < lanes.length; turn++) {
      const n = (round + turn) % lanes.length;
      if (!errors[n]) await measureOnce(n, true);
    }
  }
  return samples.map((values, n) => (errors[n] ? { error: errors[n] } : summary(values)));
}

/**
 * @param {number[]} values
 * @returns {Summary}
 */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (/** @type {number} */ q) => {
    const at = (sorted.length - 1) * q;
    const below = Math.floor(at);
    return sorted[below] + (at - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
  };
  return { median: quantile(0.5), q1: quantile(0.25), q3: quantile(0.75), rounds: sorted.length };
}
