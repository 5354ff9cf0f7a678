import { type AuditPlan } from '../audited/audit-plan.js';
import { type WriteContext } from '../context/write-context.js';
import { type Keys } from '../dialect/dialect.js';
import { type AuditOperation } from '../revision/revision-columns.js';

/** An upsert records as an insert what has no history, and as an update what has. */
export type RecordedOperation = AuditOperation | 'upsert';

/** What is known of the rows of a write beyond their keys. Undefined means unknown, and is always right. */
export interface KnownOfRows {
  /** The database has just generated the keys, so that nobody else can have written revisions of them. */
  readonly areGenerated?: boolean;
  /** Whether the statement changed each of the rows, if only in columns that aren't audited; false if it changed none. */
  readonly haveChanged?: boolean;
  /** Where new rows are stored (PostgreSQL's `ctid`), in the order of their keys. */
  readonly places?: readonly string[];
}

/** What is known of the transaction that a write is in. Undefined means unknown. */
export interface KnownOfTransaction {
  /**
   * Whether a plain SELECT sees the newest revisions. `fresh`: the transaction had read nothing before the write. `old`:
   * at REPEATABLE READ it may be shown older ones.
   */
  readonly snapshot?: 'fresh' | 'old';
  readonly isSerializable?: boolean;
}

/** Rows of one table that one operation has written, and under which circumstances. */
export interface Recordable extends WriteContext, KnownOfRows, KnownOfTransaction {
  readonly plan: AuditPlan;
  readonly operation: RecordedOperation;
  /** Each once, or all rows of a table that have a history, where TypeORM changes them behind everybody's back. */
  readonly keys: Keys | 'all';
  /** The `rev_transaction`. */
  readonly transaction: string;
}
