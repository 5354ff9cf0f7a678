import { type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Keys } from '../../dialect/keys/key.js';
import { type AuditOperation } from '../../revision/revision-columns.js';

/** An upsert records as an insert what has no history, and as an update what has. */
export type WriteOperation = AuditOperation | 'upsert';

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

/** Rows of one table that were written by one operation. */
export interface Write extends RowFacts {
  readonly plan: AuditPlan;
  readonly operation: WriteOperation;
  readonly keys: Keys | 'all';
  /** The instances that were saved, in the order of the keys, for their `@RevisionId()` to be filled. */
  readonly entities?: readonly (ObjectLiteral | undefined)[];
}
