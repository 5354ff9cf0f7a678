import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** A value of a key column, as the driver sends it. */
export type KeyValue = unknown;
/** The values of one row's primary key, in its order. */
export type Key = readonly KeyValue[];

/** Keys of many rows as text that the database made and takes back: the parameters of a key table, in chunks. */
export interface PackedKeys {
  readonly length: number;
  readonly chunks: readonly Readonly<Record<string, unknown>>[];
}

export type Keys = readonly Key[] | PackedKeys;

/** Reads keys without parsing them. */
export interface KeyPacker {
  /**
   * A SELECT of the keys in a source's rows, in columns of these names. It gives one row for each `audit_chunk`.
   *
   * @param chunk the expression to group rows into chunks by. Default: their number, so that a chunk fits into a key
   *   table
   */
  select(source: string, columns: readonly string[], chunk?: string): string;
  /** The keys in the rows of `select()`; a few keys come as values, more stay packed. */
  take(rows: readonly Record<string, unknown>[]): Keys;
}

/** The key columns, and the database's own names of their types, on databases whose SQL must name the types. */
export interface KeyDescription {
  readonly columns: readonly ColumnMetadata[];
  readonly types: readonly string[];
  /** The column that the database generates numbers for, whether or not the metadata says so. */
  readonly numbered?: ColumnMetadata;
  /** Whether the table has its primary key in the database too; undefined on databases where it doesn't matter. */
  readonly hasPrimaryKey?: boolean;
}

/** SQL expressions for a row's newest revision; NULL if the row has no revision. */
export interface NewestRevision {
  readonly id: string;
  readonly version: string;
  readonly created: string;
  readonly isDeleted: string;
}

/** Rows of keys, to join with a table. */
export interface KeyTable {
  /** For FROM, aliased `k`. */
  readonly sql: string;
  /**
   * An index hint for the table that is joined by key, so that the database looks rows up. In a small table a scan
   * seems cheaper to the optimizer, but locks the rows of others. Undefined if the database needs no hint.
   */
  readonly lookup?: string;
  /** The n-th key column. */
  key(n: number): string;
  /** The row's number, from 0. */
  readonly ordinal: string;
  /** The key's newest revision, which a key may carry behind its own values; only on databases with gap locks. */
  readonly newest?: NewestRevision;
  /** The values of the parameters for some keys. */
  bind(keys: readonly Key[]): Record<string, unknown>;
  /** The most keys that one statement takes. */
  readonly limit: number;
}
