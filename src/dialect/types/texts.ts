import { type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/**
 * How a text that is copied from no table gets into a column of ours, where the character set of the database, the
 * column or the connection may lack some of its characters. ASCII gets everywhere, so it needs none of this.
 */
export interface Texts {
  /** Why a column can't take the text, with the remedy; undefined where it can. */
  refused(queryRunner: QueryRunner, column: ColumnMetadata, text: string): Promise<string | undefined>;

  /** The text as the driver has to be given it. */
  sent(text: string): unknown;

  /** The JSON as a column takes it: the same, or with marks such as `[U+0141]` for what it can't take. */
  json(queryRunner: QueryRunner, column: ColumnMetadata, json: string): Promise<string>;

  /** Whether a statement failed because a text given to it can't be in the database. */
  isUntranslatable(error: unknown): boolean;
}

const NOT_ASCII = /[^\0-\x7f]/gu;

export function isAscii(text: string): boolean {
  return text.search(NOT_ASCII) === -1;
}

/** What stands for a character that can't be stored. */
export function markOf(character: string): string {
  return `[U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** A text with marks for all that isn't ASCII. */
export function marked(text: string): string {
  return text.replace(NOT_ASCII, markOf);
}
