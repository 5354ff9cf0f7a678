import { type ColumnOptions } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Texts } from './texts.js';

/** The type of a parameter that isn't compared with a column, for databases that need a cast. */
export type ValueType = 'uuid' | 'time' | 'text' | 'json' | 'integer' | 'boolean';

/** Gives the expression for a column of a row, as in `(column) => t."party"`. */
export type RowExpression = (column: ColumnMetadata) => string;

/** The types of revision tables, and casts and comparisons between their values and the audited table's. */
export interface Types {
  /** Column options of the types that the library's own columns have. */
  readonly own: Readonly<Record<'uuid' | 'json' | 'text', ColumnOptions>>;

  /** How actor, reason and metadata get into their columns; undefined where every column takes every text. */
  readonly texts?: Texts;

  /** The options in which a copied column differs from the audited one. */
  copyOptions(column: ColumnMetadata): ColumnOptions;

  /** A value of an audited column, cast to the type of its copy. */
  copied(expression: string, column: ColumnMetadata): string;

  /** A copied value, cast back to the type of the audited column. */
  restored(expression: string, column: ColumnMetadata): string;

  /** Whether any of the columns differs between two rows: exactly (case, trailing blanks, scale), NULL equal to NULL. */
  differ(columns: readonly ColumnMetadata[], left: RowExpression, right: RowExpression): string;

  /** Whether a text equals a parameter byte by byte, even where the column's collation ignores case and blanks. */
  sameText(expression: string, parameter: string): string;

  /** Whether the driver reads the JSON value `null` of a column as it reads NULL. */
  hidesJsonNull(column: ColumnMetadata): boolean;

  /** A parameter, cast to a type. */
  value(parameter: string, type: ValueType): string;

  /** NULL, cast to the type of a column. */
  nullOf(column: ColumnMetadata): string;

  /** The `rev_id` of the n-th row of a statement: a fixed prefix, and a number that counts on in the last 40 bits. */
  numberedUuid(prefix: string, start: string, n: string): string;

  /** A uuid as the text that `@RevisionId()` columns hold. */
  uuidText(expression: string): string;
}
