import { type EntityManager, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type AuditOperation } from '../revision/revision-columns.js';

/** One recorded write of an entity: who, when, why, its changes, and the entity after it. */
export interface Revision<E = ObjectLiteral> {
  /** UUID v7. A `@RevisionId()` column holds the id of the newest revision. */
  id: string;
  /** The audited name of the entity: `@Audited({ name })`, else the table's name. */
  entity: string;
  /** The key of the entity, as `timeline()` takes it. A composite key is an object of its columns. */
  entityId: EntityId;
  /** 1, 2, 3 … per entity, without gaps. */
  version: number;
  /** When the write was made, to the millisecond; not when its transaction committed. */
  createdAt: Date;
  operation: AuditOperation;
  /** The entity was deleted. */
  isDelete: boolean;
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
  snapshot: E | null;
  /** The differences from the revision before, in the order of the columns. The key is never among them. */
  changes: Change[];
  /**
   * What it recorded of columns that the entity has no more, by their names in the revision table, as the driver gives
   * them; absent if there is nothing. It is never shown over HTTP.
   *
   * @example { legacy_code: 'A-17', rev_dropped_price_1: '10.50' }
   */
  dropped?: Record<string, unknown>;
}

/** One property that differs between two states of an entity. If the entity doesn't exist, all properties are null. */
export interface Change {
  /** `party`, `address.city`; a join column without a property has its database name, `guest_fk`. */
  property: string;
  from: unknown;
  to: unknown;
  /**
   * Which side is JSON's `null`, where the other side is SQL's NULL and both read as null.
   *
   * @example { property: 'settings', from: null, to: null, jsonNull: 'to' } // NULL became 'null'::jsonb
   */
  jsonNull?: 'from' | 'to';
}

/** Part of a list that may be long. */
export interface Page<T> {
  items: T[];
  /** The cursor of the next page; null on the last page. */
  nextCursor: string | null;
}

/**
 * The key of an entity: the value of its primary column, or an object of its key columns. A composite key is always an
 * object. The entity itself will do.
 *
 * @example 1 · { orderId: 1, line: 2 } · { guest: { id: 1 } } · { guest_fk: 1 }
 */
export type EntityId = string | number | bigint | boolean | object;

/** Which revisions of an entity, and how many. */
export interface TimelineOptions {
  /**
   * The most items on the page, 1 to 200.
   * @default 50
   */
  limit?: number;

  /** A page's `nextCursor`; null or nothing for the first page. */
  cursor?: string | null;

  /**
   * Newest or oldest first.
   * @default 'desc'
   */
  order?: 'asc' | 'desc';

  /** Not made before it. A Date stands for its whole millisecond. */
  from?: Date;

  /** Not made after it. A Date stands for its whole millisecond. */
  to?: Date;

  actor?: string;

  /**
   * Only revisions that changed this property. An embedded means its columns, a relation its join columns.
   * @example 'party' · 'address.city' · 'address' · 'guest'
   */
  property?: string;
}

/** Which revisions of all entities, and how many. */
export interface ChangesOptions {
  /**
   * Classes, schemas or audited names; a junction table by its name.
   * @default every audited entity, and the junction tables of their many-to-many relations
   */
  entities?: readonly EntityTarget<any>[];

  actor?: string;

  /** The `transaction` of a revision. */
  transaction?: string;

  /** Not made before it. A Date stands for its whole millisecond. */
  from?: Date;

  /** Not made after it. A Date stands for its whole millisecond. */
  to?: Date;

  operation?: AuditOperation;

  /**
   * The most items on the page, 1 to 200.
   * @default 50
   */
  limit?: number;

  /** A page's `nextCursor`; null or nothing for the first page. */
  cursor?: string | null;
}

/** The page of a transaction's revisions. */
export interface TransactionOptions {
  /**
   * The most items on the page, 1 to 200.
   * @default 50
   */
  limit?: number;

  /** A page's `nextCursor`; null or nothing for the first page. */
  cursor?: string | null;
}

/** How an entity is restored. */
export interface RestoreOptions {
  /**
   * Whether to restore its many-to-many links too: of all recorded relations, or of the named ones.
   * @default false
   */
  relations?: boolean | readonly string[];

  /**
   * Tries the restore and returns the revision that it would make. Writes nothing.
   * @default false
   */
  dryRun?: boolean;

  /**
   * The manager of a transaction that it is to be part of.
   * @default a transaction of its own
   */
  manager?: EntityManager;
}

/** How a transaction is undone. */
export interface UndoOptions {
  /**
   * Tries the undo and returns the revisions that it would make. Writes nothing.
   * @default false
   */
  dryRun?: boolean;

  /**
   * Entities whose rows stay as they are, as classes, schemas or audited names: for example a job log that has been
   * written since.
   * @default none
   * @example except: [JobRecord]
   */
  except?: readonly EntityTarget<any>[];

  /**
   * The manager of a transaction that it is to be part of.
   * @default a transaction of its own
   */
  manager?: EntityManager;
}
