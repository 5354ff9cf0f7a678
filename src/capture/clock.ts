let last = 0;

/**
 * Seconds since the epoch with microseconds, each reading later than the one before it.
 *
 * JavaScript's clock has milliseconds, so readings within one count up in microseconds.
 */
export function now(): number {
  const clock = Date.now() * 1000;
  const setBack = last - clock > 1_000_000;
  last = clock > last || setBack ? clock : last + 1;
  return last / 1_000_000;
}
