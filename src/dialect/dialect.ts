import { type ColumnOptions, type QueryResult, type QueryRunner } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Statement } from './statement.js';

/** A value of a key column as the driver would send it. */
export type KeyValue = unknown;
/** The values of one row's primary key, in its order. */
export type Key = readonly KeyValue[];

/** What a value that isn't copied from a table is, for databases that have to be told. */
export type ValueType = 'uuid' | 'time' | 'text' | 'json' | 'integer' | 'boolean';

/**
 * What differs between databases. One file each; nothing outside this folder knows a database by name.
 *
 * Expressions are SQL text; `{{name}}` in them is the place of a parameter (see `Statement`).
 */
export interface Dialect {
  /** The column options of the revision table's own types. */
  readonly columnTypes: { readonly uuid: ColumnOptions; readonly json: ColumnOptions };

  /** The options in which a copied column differs from the one it is copied from. */
  copiedType(column: ColumnMetadata): ColumnOptions;

  /** The n-th parameter of a statement, from 1, and whether it can be named twice. */
  placeholder(n: number): string;
  readonly numbersParameters: boolean;

  /** A value of a column as its copy takes it. */
  copied(expression: string, column: ColumnMetadata): string;

  /** Whether any of the columns differs between two rows: exactly (case, blanks, scale), with null equal to null. */
  differ(columns: readonly ColumnMetadata[], left: RowExpression, right: RowExpression): string;

  /** A parameter as a value of a type. */
  value(parameter: string, type: ValueType): string;

  /** A key column as text, or whatever else gives it back without loss when it is sent as a key. */
  readKey(expression: string, column: ColumnMetadata): string;

  /** What ends a SELECT whose rows of a table nobody else shall change meanwhile. */
  lock(alias?: string): string;

  /** How a query builder's write tells which rows it wrote: in TypeORM's own clause, in one behind it, or not at all. */
  returning(kind: WriteKind): 'clause' | 'appended' | 'none';

  /** Makes the result of a write that returned keys what it would have been without. */
  forgetReturned(queryRunner: QueryRunner, kind: WriteKind, result: QueryResult): Promise<void>;

  /** Whether all query runners of a data source are on one connection. */
  readonly sharesConnection: boolean;

  /** A parameter as a value of a key column. */
  keyValue(parameter: string, column: ColumnMetadata): string;

  /** What a statement with many keys needs to know of the key columns. Asked once for each table. */
  describeKeys(queryRunner: QueryRunner, columns: readonly ColumnMetadata[]): Promise<KeyDescription>;

  /** Rows of keys from the parameters `{{keys}}` or `{{keys0}}`, `{{keys1}}`, …, in their order. */
  keyTable(description: KeyDescription): KeyTable;

  /** The join that makes the database begin with its left side. */
  readonly leadingJoin: string;

  /** The greatest of expressions that are not null. */
  greatest(...expressions: string[]): string;

  /** The `rev_id` of the n-th row of a statement: a fixed beginning, and a number that counts on in its last 40 bits. */
  numberedUuid(prefix: string, start: string, n: string): string;

  /** A uuid as the text that `@RevisionId()` columns hold. */
  uuidText(expression: string): string;

  /** Whether an INSERT … SELECT that looks for a revision locks the gap beside what it finds. */
  readonly locksGaps: boolean;

  /** Whether a write failed because the version was taken. */
  isVersionTaken(error: unknown): boolean;

  /** UPDATE of the rows of `target` (aliased `t`) that join with a source, from FROM's right side on. */
  updateJoined(update: { target: string; source: string; on: string; set: Record<string, string> }): string;

  /** Runs a write and gives the number of rows; a named statement is prepared on the connection where that pays. */
  run(queryRunner: QueryRunner, statement: Statement, values: readonly unknown[]): Promise<number>;
}

export type WriteKind = 'insert' | 'update' | 'delete';

/** Gives the expression for a column of a row, as in `(column) => t."party"`. */
export type RowExpression = (column: ColumnMetadata) => string;

/** The database's own names of the key columns' types, where they have to be spelled out. */
export interface KeyDescription {
  readonly columns: readonly ColumnMetadata[];
  readonly types: readonly string[];
}

export interface KeyTable {
  /** For FROM, aliased `k`. */
  readonly sql: string;
  /** The n-th key column. */
  key(n: number): string;
  /** The row's number, from 0. */
  readonly ordinal: string;
  /** The version behind the key's own values, where gaps are locked. */
  readonly version: string;
  /** The parameters' values for some keys. */
  bind(keys: readonly Key[]): Record<string, unknown>;
  /** The most keys that one statement takes. */
  readonly limit: number;
}
