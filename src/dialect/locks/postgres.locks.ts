import { sqlStateOf } from '../run/driver-error.js';
import { type Locks } from './locks.js';

// serialization_failure, deadlock_detected, unique_violation.
const CONFLICTS = ['40001', '40P01', '23505'];

export const postgresLocks: Locks = {
  forUpdate: (alias, skipLocked) =>
    ` FOR UPDATE${alias ? ` OF ${alias}` : ''}${skipLocked ? ' SKIP LOCKED' : ''}`,
  forNoKeyUpdate: (alias, skipLocked) =>
    ` FOR NO KEY UPDATE${alias ? ` OF ${alias}` : ''}${skipLocked ? ' SKIP LOCKED' : ''}`,
  readNow: () => '',
  locksGaps: false,
  isConflict: (error) => CONFLICTS.includes(sqlStateOf(error)),
};
