/** How many rows one transaction deals with by default. */
export const DEFAULT_BATCH_SIZE = 1000;
/** How many rows `verify()` compares at a time by default. */
export const VERIFY_BATCH_SIZE = 5000;

/** How far a run has come, after each batch. */
export interface MaintenanceProgress {
  /** What is gone through: an audited table, or its revision table. */
  table: string;
  /** How many of its rows, or of the rows that it has revisions of, are behind it. */
  done: number;
  /** How many there are; undefined where counting them would cost as much as the run. */
  total?: number;
}

/** How a run over whole tables goes about it. */
export interface MaintenanceOptions {
  /**
   * How many rows one transaction deals with.
   * @default 1000, and 5000 for `verify()`
   */
  batchSize?: number;

  /**
   * Called after each batch, when that is committed. What it throws ends the run; another run goes on where it ended.
   * @example onProgress: ({ table, done, total }) => console.log(`${table}: ${done} of ${total}`)
   */
  onProgress?: (progress: MaintenanceProgress) => void | Promise<void>;
}

/** The same for runs that write. */
export interface MaintenanceWriteOptions extends MaintenanceOptions {
  /**
   * Only counts what would be done.
   * @default false
   */
  dryRun?: boolean;
}

/** How a row and its history can disagree. */
export type RowFinding =
  /** The row has no revision. */
  | 'missing'
  /** The row differs from its newest revision, or that says that it was deleted. */
  | 'stale'
  /** The row is gone, and its newest revision doesn't say so. */
  | 'surplus';

/** What `verify()` can find. */
export type FindingKind =
  | RowFinding
  /** There are versions missing between others. */
  | 'gap'
  /** A revision is not later than the one before it. */
  | 'order'
  /** The revision table isn't as the entity's metadata wants it. */
  | 'schema';

/** One kind of difference in one table. */
export interface Finding {
  table: string;
  kind: FindingKind;
  /** How many rows it concerns; for 'schema', columns. */
  count: number;
  /** Which: the first of them, as `{ id: 1 }`. For 'schema' `{ column, problem }`. */
  keys: Record<string, unknown>[];
}

export interface VerifyReport {
  /** Whether nothing was found. */
  ok: boolean;
  findings: Finding[];
  /** How much was compared. */
  tables: { table: string; rows: number; histories: number }[];
}

export interface VerifyOptions extends MaintenanceOptions {
  /**
   * The most keys that one finding lists.
   * @default 20
   */
  limit?: number;
}

/** How many revisions were written for which differences in one table. */
export interface CatchUpResult extends Record<RowFinding, number> {
  table: string;
}

/** Which revisions may go. With both, only those that both let go. */
export interface PruneOptions extends MaintenanceWriteOptions {
  /** How many of each entity's newest revisions stay, at least 1. */
  keep?: number;

  /** What was no longer in force then may go; the revision that was stays, so that as-of reads from then on don't change. */
  olderThan?: Date;
}

export interface PruneResult {
  table: string;
  removed: number;
}

export interface EraseOptions extends MaintenanceWriteOptions {
  /**
   * The properties to erase: columns, embeddeds and relations of the entity, and of the revision itself `revActor`,
   * `revReason` and `revContext`.
   * @default the whole history
   */
  columns?: string[];
}

export interface EraseResult {
  table: string;
  /** How many revisions lost the columns, or are gone. */
  erased: number;
  /** The newest version of an entity that still exists, which stays as it is; null if it doesn't. */
  kept: number | null;
  /** The properties to erase that the entity itself, and so that version, still has a value in. */
  remaining: string[];
}
