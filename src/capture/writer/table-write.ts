import { type AuditPlan } from '../../audited/audit-plan.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Keys } from '../../dialect/keys/key.js';
import { type RecordedOperation, type RowFacts } from '../write/write.js';
import { type StoredContext } from './context-columns.js';

/** Rows of one table that one operation has written, and under which circumstances. */
export interface Recordable extends RowFacts, StoredContext {
  readonly plan: AuditPlan;
  readonly operation: RecordedOperation;
  /** Each once, or all rows of a table that have a history, where TypeORM changes them behind everybody's back. */
  readonly keys: Keys | 'all';
  /** The `rev_transaction`. */
  readonly transaction: string;
  /** `old`: the transaction may have read before the write, so that at REPEATABLE READ it doesn't see the newest revisions. */
  readonly snapshot?: 'fresh' | 'old';
  /** Whether the transaction is SERIALIZABLE, where the database can tell. */
  readonly isSerializable?: boolean;
}

/** The same before it is known how its context is stored. */
export type RecordableWrite = Omit<Recordable, keyof StoredContext> & WriteContext;
