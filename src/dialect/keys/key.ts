import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** A value of a key column as the driver would send it. */
export type KeyValue = unknown;
/** The values of one row's primary key, in its order. */
export type Key = readonly KeyValue[];

/** Keys of many rows as text, which the database made and takes back: the parameters of a key table, in chunks. */
export interface PackedKeys {
  readonly length: number;
  readonly chunks: readonly Readonly<Record<string, unknown>>[];
}

export type Keys = readonly Key[] | PackedKeys;

/** Reads keys without taking them apart. */
export interface KeyPacker {
  /**
   * A SELECT of the keys that are in rows of a source, in columns of these names: a row for each `audit_chunk`.
   *
   * @param chunk what tells the rows apart that are not to be in one chunk; by default their number, so that a key
   * table takes a chunk
   */
  select(source: string, columns: readonly string[], chunk?: string): string;
  /** The keys in the rows that it read; a few as values. */
  take(rows: readonly Record<string, unknown>[]): Keys;
}

/** The database's own names of the key columns' types, where they have to be spelled out. */
export interface KeyDescription {
  readonly columns: readonly ColumnMetadata[];
  readonly types: readonly string[];
  /** The one that the database numbers, whether or not the metadata says so. */
  readonly numbered?: ColumnMetadata;
  /** Whether the table has its primary key in the database too, where that has to be known. */
  readonly hasPrimaryKey?: boolean;
}

/** What is known of a row's newest revision, as SQL expressions; NULL where it has none. */
export interface NewestRevision {
  readonly id: string;
  readonly version: string;
  readonly created: string;
  readonly isDeleted: string;
}

/** Rows of keys, which a statement joins with a table. */
export interface KeyTable {
  /** For FROM, aliased `k`. */
  readonly sql: string;
  /**
   * What follows the name of the table whose rows are joined by key, so that they are looked up: a scan, which seems
   * cheap where there are few, would lock the rows of others. Undefined where nothing is needed.
   */
  readonly lookup?: string;
  /** The n-th key column. */
  key(n: number): string;
  /** The row's number, from 0. */
  readonly ordinal: string;
  /** What is known of the key's newest revision, which may stand behind its own values; where gaps are locked. */
  readonly newest?: NewestRevision;
  /** The parameters' values for some keys. */
  bind(keys: readonly Key[]): Record<string, unknown>;
  /** The most keys that one statement takes. */
  readonly limit: number;
}
