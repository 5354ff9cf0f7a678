import { type Key } from '../../dialect/keys/key.js';
import { keyText } from '../../dialect/keys/key-text.js';

/** A row's newest revision, as a look at the locked row has found it. */
export interface FoundRevision {
  readonly version: number;
  /** Whether it is newer than what the transaction's snapshot shows. */
  readonly isHidden: boolean;
}

/** The newest revisions that a look before a write has found, of rows of one table. */
export class FoundNewest {
  private readonly byKey = new Map<string, FoundRevision>();

  note(key: Key, found: FoundRevision): void {
    this.byKey.set(keyText(key), found);
  }

  of(key: Key): FoundRevision | undefined {
    return this.byKey.get(keyText(key));
  }
}
