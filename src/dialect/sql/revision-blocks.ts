import { type NewestRevision } from '../keys/key.js';

/** The steps that record a revision whose predecessor is read first. */
export interface RevisionSteps {
  /** Where `rev_id` is, as in `"seat_rev"."rev_id"`. */
  readonly idColumn: string;
  /** Whether the snapshot may be older than the newest revision: then its version may be taken. */
  readonly mayBeTaken: boolean;
  /** Reads id, version, created, isDeleted and whether there is news, into variables where it is told to. */
  readonly look: (into: string) => string;
  /** The same of a version that is there, as it is now. */
  readonly lookAt: (version: string, into: string) => string;
  readonly insert: (newest: NewestRevision) => string;
  /** Whether a row that looks unchanged may have changed, as the snapshot may be too old to tell. */
  readonly mayHaveChanged: string;
}

/** The same for the rows of a key table. */
export interface ManyRevisionSteps {
  /** Reads `n`, the columns of a key table under these names, and `news`: the rows of a subquery. */
  readonly look: string;
  readonly columns: readonly string[];
  /** Inserts for the rows of a key table whose parameter is given. */
  readonly insert: (keys: string) => string;
}

export interface RevisionBlocks {
  /** Gives one row: `written`. */
  one(steps: RevisionSteps): string;
  /** Gives one row: `written`, how many it `sought` to write, and the JSON array `same` of the other rows' numbers. */
  many(steps: ManyRevisionSteps): string;
}
