import { type EntityManager, type EntityTarget } from 'typeorm';

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
