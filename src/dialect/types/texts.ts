import { type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/**
 * Writes the texts of the context (actor, reason, metadata) into our columns. The character set of the database, the
 * column or the connection may lack some of their characters. ASCII texts need no check.
 */
export interface Texts {
  /** Why a column can't take the text, with the remedy; undefined if it can. */
  problem(queryRunner: QueryRunner, column: ColumnMetadata, text: string): Promise<string | undefined>;

  /** The text as the value for the driver. */
  parameter(text: string): unknown;

  /** The JSON as a column takes it: with marks such as `[U+0141]` for characters that the column can't take. */
  json(queryRunner: QueryRunner, column: ColumnMetadata, json: string): Promise<string>;

  /** Whether a statement failed because the database can't store a text. */
  isUntranslatable(error: unknown): boolean;
}

const NOT_ASCII = /[^\0-\x7f]/gu;

export function isAscii(text: string): boolean {
  return text.search(NOT_ASCII) === -1;
}

/** The mark in place of a character that can't be stored: `[U+0141]`. */
export function markOf(character: string): string {
  return `[U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** A text with marks in place of all characters beyond ASCII. */
export function withMarks(text: string): string {
  return text.replace(NOT_ASCII, markOf);
}
