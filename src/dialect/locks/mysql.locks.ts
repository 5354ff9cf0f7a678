import { errorNumberOf } from '../run/driver-error.js';
import { type Locks } from './locks.js';

// A row that has changed since the snapshot, a duplicate key, a lock wait timeout, a deadlock.
const CONFLICTS = [1020, 1062, 1205, 1213];

// MariaDB has no OF, and takes it for a comment.
const forUpdate: Locks['forUpdate'] = (alias, skipLocked) =>
  ` FOR UPDATE${alias ? ` /*!80000 OF ${alias} */` : ''}${skipLocked ? ' SKIP LOCKED' : ''}`;

export const mysqlLocks: Locks = {
  forUpdate,
  forNoKeyUpdate: (alias) => forUpdate(alias),
  readNow: ' LOCK IN SHARE MODE',
  // Under REPEATABLE READ, its default.
  locksGaps: true,
  // In front of a condition that is false for the whole statement no row is read.
  isReadCommitted: `/*!80000 @@transaction_isolation *//*M! @@tx_isolation */ = 'READ-COMMITTED'`,
  isConflict: (error) => CONFLICTS.includes(errorNumberOf(error)),
};
