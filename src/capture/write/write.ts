import { type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Keys } from '../../dialect/keys/key.js';
import { type AuditOperation } from '../../revision/revision-columns.js';

/** A row of an upsert is recorded as `update` where it has a history, else as `insert`. */
export type WriteOperation = AuditOperation | 'upsert';

/** What the database tells of the rows of a write. Undefined means unknown. */
export interface RowFacts {
  /** Whether the database has just generated these keys: then nobody else can have written a revision of them. */
  readonly areGenerated?: boolean;
  /** Whether each row is new, and so must get a revision. */
  readonly areInserted?: boolean;
  /** Whether the statement has changed each of these rows; excluded columns may be all that changed. */
  readonly haveChanged?: boolean;
  /** The places of new rows on PostgreSQL (`ctid`), in the order of the keys. */
  readonly places?: readonly string[];
}

/** A write: rows of one table, and one operation. */
export interface Write extends RowFacts {
  readonly plan: AuditPlan;
  readonly operation: WriteOperation;
  readonly keys: Keys | 'all';
  /**
   * The columns that an UPDATE gave values to, by their names in the database; undefined means unknown. Of use only
   * where a revision may not tell a column (`AuditPlan.gaps`).
   */
  readonly sets?: ReadonlySet<string>;
  /** The instances that were saved, in the order of the keys, for their `@RevisionId()` to be filled. */
  readonly entities?: readonly (ObjectLiteral | undefined)[];
}

/** Rows of one table that a write is about to change or delete. */
export interface RowsToChange {
  readonly plan: AuditPlan;
  readonly isDeleted: boolean;
  /** The keys; or a SELECT of the rows that locks them, where the write itself will tell the keys. */
  readonly keys: Keys | RowsSelect;
}

/** A SELECT as the driver takes it. */
export interface RowsSelect {
  readonly text: string;
  readonly values: readonly unknown[];
}
