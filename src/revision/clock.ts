import { randomInt } from 'node:crypto';
import { v7 } from 'uuid';

/** A clock that goes back by more counts as set back, and we follow it. Below, readings go on counting up. */
const SET_BACK_MS = 1000;

let last = 0;
let lastId = { msecs: 0, seq: 0 };

/**
 * Seconds since the epoch with microseconds. Each reading is later than the one before.
 *
 * JavaScript's clock has milliseconds, so readings within a millisecond count up in microseconds.
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
 * The state is ours because the package uuid never follows its clock back. After one reading of a clock that was a day
 * ahead, all ids of the process would be a day ahead, and a feed finds revisions by the time in their ids.
 */
export function newId(): string {
  const clock = Date.now();
  const setBack = lastId.msecs - clock > SET_BACK_MS;
  if (clock > lastId.msecs || setBack) lastId = { msecs: clock, seq: randomInt(2 ** 31) };
  else if (lastId.seq < 2 ** 32 - 1) lastId = { ...lastId, seq: lastId.seq + 1 };
  else lastId = { msecs: lastId.msecs + 1, seq: 0 };
  return v7(lastId);
}
