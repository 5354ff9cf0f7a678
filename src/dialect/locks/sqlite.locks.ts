import { type Locks } from './locks.js';

/** A transaction that writes locks the whole database. */
export const sqliteLocks: Locks = {
  forUpdate: () => '',
  forNoKeyUpdate: () => '',
  readNow: () => '',
  locksGaps: false,
  isDeadlock: () => false,
  isConflict: () => false,
};
