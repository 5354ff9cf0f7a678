import { type AuditPlan } from '../../audited/audit-plan.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Keys } from '../../dialect/dialect.js';
import { type AuditOperation } from '../../revision/revision-columns.js';
import { type StoredContext } from '../writer/context-columns.js';

/** An upsert records as an insert what has no history, and as an update what has. */
export type RecordedOperation = AuditOperation | 'upsert';

/** What the database has told of the rows of a write; undefined where it is not known. */
export interface RowFacts {
  /** The database has just generated these keys, so that nobody else can have written a revision of them. */
  readonly areGenerated?: boolean;
  /** Each of these rows is new, so that each has a revision to come. */
  readonly areInserted?: boolean;
  /** Whether the statement has changed each of these rows; excluded columns may be all that changed. */
  readonly haveChanged?: boolean;
  /** Where PostgreSQL has put new rows (`ctid`), in the order of the keys. */
  readonly places?: readonly string[];
}

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
