import { type AuditPlan } from '../../audited/audit-plan.js';
import { type WriteContext } from '../../context/write-context.js';
import { type Keys } from '../../dialect/keys/key.js';
import { now } from '../../revision/clock.js';
import { type ChangesetMark } from '../unit/transaction.js';
import { type FoundNewest } from '../write/found-newest.js';
import { type WriteOperation, type RowFacts } from '../write/write.js';
import { type ContextValues } from './context-columns.js';

/** The rows that one operation has written to one table, with the facts that recording needs. */
export interface Recordable extends RowFacts, ContextValues {
  readonly plan: AuditPlan;
  readonly operation: WriteOperation;
  /** Distinct keys; or `all` rows with a history, where TypeORM changes rows unseen. */
  readonly keys: Keys | 'all';
  /** See `Write.sets`. */
  readonly sets?: ReadonlySet<string>;
  /** The `rev_transaction`. */
  readonly transaction: string;
  /** Whether the transaction has its changeset for the table; undefined where `audit_changeset` isn't there yet. */
  readonly changeset: ChangesetMark | undefined;
  /** `old`: the transaction may have read before the write. Under REPEATABLE READ it may miss newer revisions then. */
  readonly snapshot?: 'fresh' | 'old';
  /** What a look at the rows before the write has found, where an old snapshot may hide it. */
  readonly newest?: FoundNewest;
  /** Whether the transaction is known to be SERIALIZABLE. */
  readonly isSerializable?: boolean;
}

/** A `Recordable` whose context is not encoded yet. */
export type RecordableWrite = Omit<Recordable, keyof ContextValues> & WriteContext;

/** The parameters of an INSERT that all rows of a write share. */
export function valuesOf({
  operation,
  actor,
  reason,
  context,
  onBehalf,
  action,
  request,
  transaction,
}: Recordable): Record<string, unknown> {
  return { now: now(), operation, actor, reason, context, onBehalf, action, request, transaction };
}
