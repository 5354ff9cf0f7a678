import { type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type DigestFunction, type DigestKey } from './digest-key.js';

/** How the database makes the copies of masked columns. */
export interface Masks {
  /** The result of the application's mask function, in the type of the column's copy. */
  asText(expression: string): string;

  /** The digest of a value's text or bytes: key id and HMAC-SHA-256, in 64 hexadecimal digits; NULL for NULL. */
  digest(expression: string, column: ColumnMetadata, key: DigestKey): string;

  /** Registers the function that `digest()` calls, where the database can't hash. */
  provideDigest?(digest: DigestFunction): void;

  /**
   * Makes the database choose the pad that blinds the keys of the next statement, in the same transaction. The query
   * goes straight to the driver, because TypeORM would show its result to subscribers. Undefined if keys never leave
   * the process.
   */
  makePad?(queryRunner: QueryRunner): Promise<Buffer>;

  /** Deletes the pad after the statement; undefined if the pad ends with the transaction. */
  forgetPad?(queryRunner: QueryRunner): void;
}
