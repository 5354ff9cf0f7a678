import { sqlStateOf } from '../run/driver-error.js';
import { type Locks } from './locks.js';

// deadlock_detected.
const DEADLOCK = '40P01';
// serialization_failure, unique_violation.
const CONFLICTS = ['40001', '23505', DEADLOCK];

export const postgresLocks: Locks = {
  forUpdate: (alias, skipLocked) =>
    ` FOR UPDATE${alias ? ` OF ${alias}` : ''}${skipLocked ? ' SKIP LOCKED' : ''}`,
  forNoKeyUpdate: (alias, skipLocked) =>
    ` FOR NO KEY UPDATE${alias ? ` OF ${alias}` : ''}${skipLocked ? ' SKIP LOCKED' : ''}`,
  readNow: () => '',
  locksGaps: false,
  isDeadlock: (error) => sqlStateOf(error) === DEADLOCK,
  isConflict: (error) => CONFLICTS.includes(sqlStateOf(error)),
};
