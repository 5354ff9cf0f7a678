import { type AuditPlan } from '../audited/audit-plan.js';
import { type WriteContext } from '../context/write-context.js';
import { type Keys } from '../dialect/dialect.js';
import { type AuditOperation } from '../revision/revision-columns.js';

/** An upsert records as an insert what has no history, and as an update what has. */
export type RecordedOperation = AuditOperation | 'upsert';

/** Rows of one table that one operation has written, and under which circumstances. */
export interface Recordable extends WriteContext {
  readonly plan: AuditPlan;
  readonly operation: RecordedOperation;
  /** Each once, or all rows of a table that have a history, where TypeORM changes them behind everybody's back. */
  readonly keys: Keys | 'all';
  /** The `rev_transaction`. */
  readonly transaction: string;
}
