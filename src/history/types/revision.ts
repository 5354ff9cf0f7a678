import { type ObjectLiteral } from 'typeorm';
import { type AuditOperation } from '../../revision/revision-columns.js';
import { type Change } from './change.js';
import { type EntityId } from './entity-id.js';
import { type Snapshot } from '../../revision/types/snapshot.js';

/**
 * One recorded write of an entity: who, when, why, its changes, and the entity after it.
 *
 * `Name` is the entity's audited name, where the call tells it.
 */
export interface Revision<E = ObjectLiteral, Name extends string = string> {
  /** UUID v7. A `@RevisionId()` column holds the id of the newest revision. */
  id: string;
  /** The audited name of the entity: `@Audited({ name })`, else the table's name. */
  entity: Name;
  /** The key of the entity, as `timeline()` takes it. A composite key is an object of its columns. */
  entityId: EntityId;
  /** 1, 2, 3 … per entity, without gaps. */
  version: number;
  /** When the write was made, to the millisecond; not when its transaction committed. */
  createdAt: Date;
  operation: AuditOperation;
  /** The entity was deleted. */
  isDelete: boolean;
  /**
   * The update changed only columns that `@Audited({ quiet })` names, so `changes` is empty. Timelines and feeds leave it
   * out unless they are asked for it.
   */
  isQuiet: boolean;
  actor: string | null;
  reason: string | null;
  /** UUID, shared by all revisions of one database transaction. */
  transaction: string;
  /** Request metadata and the application's own metadata. */
  context: Record<string, unknown> | null;
  /**
   * The entity after the write, without its relations and `select: false` columns. After a delete null, or with
   * `deletedState: 'last'` the entity before the delete.
   */
  snapshot: Snapshot<E> | null;
  /** The differences from the revision before, in the order of the columns, without the key and quiet columns. */
  changes: Change<E>[];
  /**
   * What it recorded of columns that the entity has no more, by their names in the revision table, as the driver gives
   * them; absent if there is nothing. It is never shown over HTTP.
   *
   * @example { legacy_code: 'A-17', rev_dropped_price_1: '10.50' }
   */
  dropped?: Record<string, unknown>;
}
