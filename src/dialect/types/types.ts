import { type ColumnOptions } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Texts } from './texts.js';

/** The type of a parameter that has no column, for databases that need a cast. */
export type ValueType = 'uuid' | 'time' | 'text' | 'json' | 'integer' | 'boolean';

/** Gives the expression for a column of a row: `(column) => t."party"`. */
export type RowExpression = (column: ColumnMetadata) => string;

/** The types of revision tables, and casts and comparisons between their values and the audited table's. */
export interface Types {
  /** The column options of the library's own columns, by type. */
  readonly own: Readonly<Record<'uuid' | 'json' | 'text', ColumnOptions>>;

  /** Checks and converts actor, reason and metadata for their columns; undefined if every column takes every text. */
  readonly texts?: Texts;

  /** The column options of a copied column that differ from the audited column's. */
  copyOptions(column: ColumnMetadata): ColumnOptions;

  /** A value of an audited column, cast to the type of its copy. */
  toCopy(expression: string, column: ColumnMetadata): string;

  /** A copied value, cast back to the type of the audited column. */
  fromCopy(expression: string, column: ColumnMetadata): string;

  /** Condition: a column differs between two rows. Case, trailing blanks and scale count, and NULL equals NULL. */
  differ(columns: readonly ColumnMetadata[], left: RowExpression, right: RowExpression): string;

  /** Condition: a text equals a parameter byte by byte, even if the column's collation ignores case and blanks. */
  sameText(expression: string, parameter: string): string;

  /** Condition: a value of a column equals a parameter, by the type of the column. Text is compared byte by byte. */
  equalsValue(expression: string, parameter: string, column: ColumnMetadata): string;

  /** Whether the driver reads the JSON value `null` of a column as it reads NULL. */
  hidesJsonNull(column: ColumnMetadata): boolean;

  /** A parameter, cast to a type. */
  value(parameter: string, type: ValueType): string;

  /** NULL, cast to the type of a column. */
  nullOf(column: ColumnMetadata): string;

  /** A constant, cast to the type of a column. Text is quoted. */
  constant(value: string | number | boolean | null, column: ColumnMetadata): string;

  /** A value of a wider column, cut to what a column holds, as the database cuts the values of a column that shrinks. */
  narrowed(expression: string, column: ColumnMetadata): string;

  /** The `rev_id` of the n-th row of a statement: a fixed prefix, and a number in the last 40 bits that counts up. */
  numberedUuid(prefix: string, start: string, n: string): string;

  /** A uuid as text, as `@RevisionId()` columns hold it. */
  uuidText(expression: string): string;
}
