import { type EntityManager, type EntityTarget } from 'typeorm';
import { type Page } from './page.js';
import { type PropertyOrRelation } from './property-path.js';
import { type Revision } from './revision.js';

/** How an entity is restored. */
export interface RestoreOptions<E = any> {
  /**
   * The newest version that the caller has looked at. If the entity has a newer one, the restore is refused with what
   * has changed since. It is compared under the row's lock. A change of many-to-many links makes no version.
   *
   * @default no check: a restore to version 1 takes back whatever came after it
   * @example expectedVersion: revision.version
   */
  expectedVersion?: number;

  /**
   * The properties to restore; all others keep their present values. An embedded means its columns, a relation its
   * join columns. The entity must not be deleted.
   *
   * @default all
   * @example properties: ['status', 'address.city', 'guest']
   */
  properties?: readonly PropertyOrRelation<E>[];

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

/** An undo of which only some revisions are returned. All are made. */
export interface UndoPageOptions extends UndoOptions {
  /** The most revisions to return, 1 to 200. */
  limit: number;

  /** The `nextCursor` of the page before, of the same dry run: each page tries the undo again. */
  cursor?: string | null;
}

/** Some of the revisions that an undo has made, in the order in which they were made. */
export interface UndoPage extends Page<Revision> {
  /** The number of all of them. */
  count: number;

  /**
   * Where the next revisions begin; null if there are no more. For `history.transaction()` of the new revisions, and
   * after a dry run for the next page of the dry run.
   */
  nextCursor: string | null;
}
