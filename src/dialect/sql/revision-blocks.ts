import { type NewestRevision } from '../keys/key.js';

/** The steps that record a revision after a read of its predecessor. */
export interface RevisionSteps {
  /** Whether the snapshot may be older than the newest revision, so that the next version may be taken. */
  readonly mayBeTaken: boolean;
  /** Reads the newest revision's id, version, created and isDeleted, and whether there is news. `into` may be empty. */
  readonly look: (into: string) => string;
  /** Reads the same columns of an existing version, in its present state. */
  readonly lookAt: (version: string, into: string) => string;
  readonly insert: (newest: NewestRevision) => string;
  /** A version that is known to be there, though the snapshot may not show it; 0 if none is known. */
  readonly found: string;
  /** Condition: a row that looks unchanged may have changed, because the snapshot may be too old. */
  readonly mayHaveChanged: string;
  /** Inserts the changeset, if a revision was written; undefined if the transaction has it. */
  readonly changeset?: string;
}

/** The steps that record revisions of the rows of a key table. */
export interface ManyRevisionSteps {
  /** A SELECT of `n`, the `columns` of a key table, and `news`, for use as a subquery. */
  readonly look: string;
  readonly columns: readonly string[];
  /** Inserts revisions for the rows of the key table in the parameter `keys`. */
  readonly insert: (keys: string) => string;
  /** Inserts the changeset, if a revision was written; undefined if the transaction has it. */
  readonly changeset?: string;
}

export interface RevisionBlocks {
  /** Returns one row: `written`. */
  one(steps: RevisionSteps): string;
  /** Returns one row: `written`, `sought` (the rows with news) and `same` (a JSON array of the other rows' numbers). */
  many(steps: ManyRevisionSteps): string;
}
