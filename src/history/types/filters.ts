import { type AuditOperation } from '../../revision/revision-columns.js';
import { type PropertyOrRelation, type PropertyPath, type ValueAt } from './property-path.js';

/** Which revisions of a list. All given filters have to be met. Texts are compared byte by byte: `Ann` isn't `ann`. */
export interface RevisionFilters<E = any> {
  /** In a feed by index, from the changesets; in a timeline each revision is looked at. */
  actor?: string;

  /** Leaves out the revisions of this actor. Revisions without an actor stay. No index helps. */
  not?: { actor: string };

  /** The action of the changeset: what `@AuditAction()` or the context named when the transaction first wrote the table. By index. */
  action?: string;

  /** The request of the changeset: a trace id, else a request id. By index. */
  request?: string;

  /** No index helps. */
  reason?: string;

  /** `restore` is the end of a soft delete, and not a `history.restore()`. No index helps. */
  operation?: AuditOperation;

  /**
   * Only revisions that changed this property. An embedded means its columns, a relation its join columns. Each revision
   * is compared with its predecessor, which an index finds.
   * @example 'party' · 'address.city' · 'address' · 'guest'
   */
  property?: PropertyOrRelation<E>;

  /**
   * Only revisions that changed each of these properties from one value to another. Without `from` or `to` any value
   * will do; null counts as the value of a missing entity, as in `changes`. Masked properties, JSON and relations by
   * several columns are refused.
   * @example { status: { from: 'paid', to: 'cancelled' } } · { guest: { to: null } }
   */
  changed?: {
    [P in PropertyOrRelation<E>]?: ChangedValues<P extends PropertyPath<E> ? ValueAt<E, P> : unknown>;
  };
}

/** The values of a property before and after a change. */
export interface ChangedValues<T = unknown> {
  from?: T | null;
  to?: T | null;
}
