export const AUDIT_OPERATIONS = ['insert', 'update', 'delete', 'soft-delete', 'restore', 'baseline'] as const;

/**
 * The operation on the row. `restore` is the end of a `soft-delete`, TypeORM's `restore()` and `recover()`; what
 * `history.restore()` writes is an `update` or an `insert`. `baseline` is the state of a row that existed before its
 * history began.
 */
export type AuditOperation = (typeof AUDIT_OPERATIONS)[number];

/** The columns of a revision beside the copies of the audited table's columns. */
export interface RevisionColumns {
  /** The primary key, a UUID v7. */
  revId: string;
  /** When the revision was made, in seconds since the epoch, with microseconds. */
  revCreated: number;
  /** Whether the operation deleted the row. */
  revIsDelete: boolean;
  /** 1, 2, 3, … for each row, without gaps. */
  revVersion: number;
  revOperation: AuditOperation;
  /** Who wrote, at most 255 characters; null for nobody. */
  revActor: string | null;
  /** Why, at most 255 characters. */
  revReason: string | null;
  /** A UUID, the same for all revisions of one database transaction. */
  revTransaction: string;
  /** Request metadata: id, method, path, and the application's own properties. */
  revContext: Record<string, unknown> | null;
  /** The number of the set of columns that the writer knew, in `audit_shape`; null for revisions from before it. */
  revShape: number | null;
}

/** The property and column name of each of these columns, in the order of the table. */
export const REVISION_COLUMNS = {
  revId: 'rev_id',
  revCreated: 'rev_created',
  revIsDelete: 'rev_isdelete',
  revVersion: 'rev_version',
  revOperation: 'rev_operation',
  revActor: 'rev_actor',
  revReason: 'rev_reason',
  revTransaction: 'rev_transaction',
  revContext: 'rev_context',
  revShape: 'rev_shape',
} as const satisfies Record<keyof RevisionColumns, string>;

/** The prefix of these columns' names, which no audited column's name may have. */
export const REVISION_COLUMN_PREFIX = 'rev_';
