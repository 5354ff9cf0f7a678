import { errorNumberOf } from '../run/driver-error.js';
import { type Locks } from './locks.js';

// ER_LOCK_DEADLOCK.
const DEADLOCK = 1213;
// ER_CHECKREAD (a row changed since the snapshot), ER_DUP_ENTRY, ER_LOCK_WAIT_TIMEOUT.
const CONFLICTS = [1020, 1062, 1205, DEADLOCK];

// MariaDB has no FOR UPDATE OF, and skips the comment.
const forUpdate: Locks['forUpdate'] = (alias, skipLocked) =>
  ` FOR UPDATE${alias ? ` /*!80000 OF ${alias} */` : ''}${skipLocked ? ' SKIP LOCKED' : ''}`;

export const mysqlLocks: Locks = {
  forUpdate,
  forNoKeyUpdate: forUpdate,
  readNow: (alias) =>
    alias ? ` /*!80000 FOR SHARE OF ${alias} *//*M! LOCK IN SHARE MODE */` : ' LOCK IN SHARE MODE',
  holding: (table) => `NOT EXISTS (SELECT 1 FROM ${table} WHERE FALSE FOR UPDATE)`,
  // Under REPEATABLE READ, InnoDB's default.
  locksGaps: true,
  // A constant, so if it is false, the statement reads no row.
  isReadCommitted: `/*!80000 @@transaction_isolation *//*M! @@tx_isolation */ = 'READ-COMMITTED'`,
  isDeadlock: (error) => errorNumberOf(error) === DEADLOCK,
  isConflict: (error) => CONFLICTS.includes(errorNumberOf(error)),
};

const HOLDING = /NOT EXISTS \(SELECT 1 FROM (?:`(?:[^`]|``)*`|\.)+ WHERE FALSE FOR UPDATE\)/g;

/** A statement without the conditions of `holding()`; undefined if it has none. */
export function withoutHolding<S extends { readonly text: string }>(statement: S): S | undefined {
  const text = statement.text.replace(HOLDING, 'TRUE');
  return text === statement.text ? undefined : { ...statement, text };
}
