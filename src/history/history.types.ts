import { type EntityManager, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type AuditOperation } from '../revision/revision-columns.js';

/** One recorded write of an entity: who, when, why, what it changed, and the entity as it then was. */
export interface Revision<E = ObjectLiteral> {
  /** UUID v7. A `@RevisionId()` column holds that of the newest revision. */
  id: string;
  /** The audited name of what it is a revision of: `@Audited({ name })`, else the table's name. */
  entity: string;
  /** The key of the entity, as `timeline()` takes it; a composite one as an object of its columns. */
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
  /** UUID, the same for all revisions of one database transaction. */
  transaction: string;
  /** Request metadata, and what the application added to it. */
  context: Record<string, unknown> | null;
  /**
   * The entity after the write, without its relations and `select: false` columns; null if it was deleted, or with
   * `deletedState: 'last'` as it was before that.
   */
  snapshot: E | null;
  /** What differs from the revision before, in the order of the columns. The key is never in it. */
  changes: Change[];
}

/** One property that two states of an entity differ in. A state in which the entity doesn't exist counts as all null. */
export interface Change {
  /** `party`, `address.city`; a join column without a property has its database name, `guest_fk`. */
  property: string;
  from: unknown;
  to: unknown;
  /**
   * Which of the two is JSON's `null`, where the other one is SQL's NULL and both read the same.
   *
   * @example { property: 'settings', from: null, to: null, jsonNull: 'to' } // NULL became 'null'::jsonb
   */
  jsonNull?: 'from' | 'to';
}

/** Part of a list that may be long. */
export interface Page<T> {
  items: T[];
  /** What continues after the last item, or null if it was the last one there is. */
  nextCursor: string | null;
}

/**
 * The key of an entity: the value of its primary column, or an object of its key columns, for composite keys
 * always. An entity is such an object too.
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
   * Only revisions that changed it. An embedded stands for its columns and a relation for its join columns.
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

/** How much of a transaction. */
export interface TransactionOptions {
  /**
   * The most items on the page, 1 to 200.
   * @default 50
   */
  limit?: number;

  /** A page's `nextCursor`; null or nothing for the first page. */
  cursor?: string | null;
}

/** What a restore does beside the entity's own row. */
export interface RestoreOptions {
  /**
   * Whether its many-to-many links become those that it had then too: all that are recorded, or the named relations.
   * @default false
   */
  relations?: boolean | readonly string[];

  /**
   * Finds out whether it can be restored and returns the revision that it would make, and writes nothing.
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
   * Finds out whether it can be undone and returns the revisions that it would make, and writes nothing.
   * @default false
   */
  dryRun?: boolean;

  /**
   * Entities whose rows stay as they are, as classes, schemas or audited names: a log of jobs, say, that has been
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
