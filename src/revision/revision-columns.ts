export const AUDIT_OPERATIONS = ['insert', 'update', 'delete', 'soft-delete', 'restore', 'baseline'] as const;

/** What was done to the row. `baseline` is the state of a row that was there before its history began. */
export type AuditOperation = (typeof AUDIT_OPERATIONS)[number];

/** The columns that a revision has of its own, beside those of the audited table. */
export interface RevisionColumns {
  /** UUID v7, the primary key. */
  revId: string;
  /** Seconds since the epoch, with microseconds, when the revision was made. */
  revCreated: number;
  /** The entity was deleted. */
  revIsDelete: boolean;
  /** 1, 2, 3 … per entity, without gaps. */
  revVersion: number;
  revOperation: AuditOperation;
  /** Who. */
  revActor: string | null;
  /** Why. */
  revReason: string | null;
  /** UUID, the same for all revisions of one database transaction. */
  revTransaction: string;
  /** Request metadata: id, method, path, and what the application adds. */
  revContext: Record<string, unknown> | null;
}

/** Property and column name of each, in the order of the table. */
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
} as const satisfies Record<keyof RevisionColumns, string>;

/** No audited column may begin with it. */
export const REVISION_COLUMN_PREFIX = 'rev_';
