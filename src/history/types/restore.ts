import { type EntityManager, type EntityTarget } from 'typeorm';
import { type PropertyOrRelation } from './property-path.js';

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
