import { randomInt } from 'node:crypto';
import { v7 } from 'uuid';

/** From how far back on a clock counts as set back, and is followed; readings go on counting up until then. */
const SET_BACK_MS = 1000;

let last = 0;
let lastId = { msecs: 0, seq: 0 };

/**
 * Seconds since the epoch with microseconds, each reading later than the one before it.
 *
 * JavaScript's clock has milliseconds, so readings within one count up in microseconds.
 */
export function now(): number {
  const clock = Date.now() * 1000;
  const setBack = last - clock > SET_BACK_MS * 1000;
  last = clock > last || setBack ? clock : last + 1;
  return last / 1_000_000;
}

/**
 * A UUID v7, in the order of `now()`.
 *
 * The package's own state never follows the clock back: after one reading of a clock that was a day ahead, all ids of
 * the process would be of tomorrow, and a feed finds revisions by the time in their ids.
 */
export function newId(): string {
  const clock = Date.now();
  const setBack = lastId.msecs - clock > SET_BACK_MS;
  if (clock > lastId.msecs || setBack) lastId = { msecs: clock, seq: randomInt(2 ** 31) };
  else if (lastId.seq < 2 ** 32 - 1) lastId = { ...lastId, seq: lastId.seq + 1 };
  else lastId = { msecs: lastId.msecs + 1, seq: 0 };
  return v7(lastId);
}
