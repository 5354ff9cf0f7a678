import { type PropertyOrRelation } from '../history/types/property-path.js';

/** How many rows one transaction deals with by default. */
export const DEFAULT_BATCH_SIZE = 1000;
/** How many rows `verify()` compares at a time by default. */
export const VERIFY_BATCH_SIZE = 5000;

/** How far a run has come, after each batch. */
export interface MaintenanceProgress {
  /** The table that the run goes through: an audited table, or its revision table. */
  table: string;
  /** How many rows are done: of an audited table its rows, of a revision table the rows that it has revisions of. */
  done: number;
  /** How many rows there are; undefined where counting them would cost as much as the run. */
  total?: number;
}

/**
 * The options of a run over whole tables. In progress and results `table` is a table with its schema, as in the database,
 * and not an audited name.
 */
export interface MaintenanceOptions {
  /**
   * The number of rows in one transaction: an integer from 1.
   *
   * @default 1000, and 5000 for `verify()`
   */
  batchSize?: number;

  /**
   * Called after the commit of each batch. An error that it throws ends the run. The next run goes on from there.
   *
   * @example onProgress: ({ table, done, total }) => console.log(`${table}: ${done} of ${total}`)
   */
  onProgress?: (progress: MaintenanceProgress) => void | Promise<void>;
}

/** The options of a run that writes. */
export interface MaintenanceWriteOptions extends MaintenanceOptions {
  /**
   * Whether to count the revisions only, and write nothing.
   *
   * @default false
   */
  dryRun?: boolean;
}

/** The options of `backfill()`, most of which hold it back. */
export interface BackfillOptions extends MaintenanceWriteOptions {
  /**
   * How many tables are backfilled at the same time, each on a connection of its own. SQLite has one connection, so
   * there it is one table.
   *
   * @default 1
   */
  tablesAtOnce?: number;

  /**
   * The most rows per second that are recorded, in all tables together.
   *
   * @default no limit
   */
  rowsPerSecond?: number;

  /**
   * Pauses before a batch while a replica is behind by more than this many seconds. PostgreSQL only. The role needs
   * `pg_monitor` to see it.
   *
   * @default no limit
   */
  maxReplicaLagSeconds?: number;

  /**
   * Pauses before a batch while a transaction of the database has been open for more than this many seconds: until it
   * ends, VACUUM can't remove what the run leaves. PostgreSQL only. The role needs `pg_monitor` to see it.
   *
   * @default no limit
   */
  maxTransactionAgeSeconds?: number;

  /**
   * Called each second while the run pauses, with the reason.
   *
   * @example onPause: (reason) => console.log(`Waiting: ${reason}`) // → Waiting: a replica is 12 s behind
   */
  onPause?: (reason: string) => void | Promise<void>;
}

/** About how many rows a table has. */
export interface TableEstimate {
  table: string;
  rows: number;
}

/** How a row and its history can disagree. */
export type RowFinding =
  /** The row has no revision. */
  | 'missing'
  /** The row differs from its newest revision, or its newest revision is a delete. */
  | 'stale'
  /** The row is gone, but its newest revision is not a delete. */
  | 'surplus';

/** What `verify()` can find. */
export type FindingKind =
  | RowFinding
  /** Versions are missing between others. */
  | 'gap'
  /** A revision is not later than the one before it. */
  | 'order'
  /** The revision table differs from the entity's metadata. */
  | 'schema';

/** One kind of difference in one table. */
export interface Finding {
  table: string;
  kind: FindingKind;
  /** The number of rows; for 'schema' of columns. */
  count: number;
  /** The keys of the first rows, as `{ id: 1 }`; for 'schema' `{ column, problem }`. */
  keys: Record<string, unknown>[];
}

/** What `verify()` has found. */
export interface VerifyReport {
  /** Whether there are no findings in what was compared. */
  ok: boolean;
  /** Whether the run came to the end. It is false where `timeBudgetSeconds` were up before. */
  isComplete: boolean;
  /** Where the run stopped, for the `from` of the next one. Absent if it is complete. */
  next?: string;
  findings: Finding[];
  /** The number of rows and histories that this run compared, for each table. */
  tables: { table: string; rows: number; histories: number }[];
  /**
   * The columns that some revisions don't know, because their writers were of another version of the application:
   * nothing is wrong with them. Absent if there are none.
   *
   * @example [{ table: 'reservation', column: 'status', revisions: 1200 }]
   */
  unknown?: { table: string; column: string; revisions: number }[];
  /**
   * The columns that a migration has emptied, when, and the number of rows that had a value until then. The history has
   * the values, and no change by anybody. Absent if there are none.
   *
   * @example [{ table: 'reservation', column: 'note', rows: 1200, at: 2026-11-30T17:00:00.000Z }]
   */
  emptied?: { table: string; column: string; rows: number; at: Date }[];
}

/** The options of `verify()`. */
export interface VerifyOptions extends MaintenanceOptions {
  /**
   * The most keys that one finding lists: an integer from 1.
   *
   * @default 20
   */
  limit?: number;

  /**
   * Ends the run with the first batch after so many seconds. The report says where it was: see `next`.
   *
   * @default no limit
   * @example
   * const { ok, isComplete, next } = await maintenance.verify(Reservation, { timeBudgetSeconds: 60 });
   * if (!isComplete) await maintenance.verify(Reservation, { timeBudgetSeconds: 60, from: next });
   */
  timeBudgetSeconds?: number;

  /**
   * Goes on where a run of the same entities stopped: its `next`. Rows that came before that place since are not seen.
   *
   * @default the beginning
   */
  from?: string;
}

/** The number of revisions written for one table, by kind of difference. */
export interface CatchUpResult extends Record<RowFinding, number> {
  table: string;
}

/** Which revisions `prune()` removes. With both options it removes a revision only if both allow it. */
export interface PruneOptions extends MaintenanceWriteOptions {
  /** How many of each entity's newest revisions stay: an integer from 1. */
  keep?: number;

  /** Removes revisions that were no longer in force at this moment, so as-of reads from then on answer as before. */
  olderThan?: Date;
}

/** What `prune()` has removed from one table. */
export interface PruneResult {
  table: string;
  /** The number of revisions. */
  removed: number;
}

/** The options of `erase()`. */
export interface EraseOptions<E = any> extends MaintenanceWriteOptions {
  /**
   * The properties to erase: columns, embeddeds and relations of the entity, and of the revision itself `revActor`,
   * `revReason` and `revContext`.
   *
   * @default the whole history
   */
  columns?: readonly (PropertyOrRelation<E> | 'revActor' | 'revReason' | 'revContext')[];
}

/** What `erase()` has erased. */
export interface EraseResult {
  table: string;
  /** The number of revisions that lost the columns, or were removed. */
  erased: number;
  /** The newest version, which stays as it is while the entity exists; null if the entity is gone. */
  kept: number | null;
  /** The properties to erase in which the entity, and so its newest version, still has a value. */
  remaining: string[];
}
