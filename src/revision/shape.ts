import { createHash } from 'node:crypto';
import { BaseEntity } from 'typeorm';
import { MAX_TABLE_LENGTH, type OwnTable } from './own-table.js';

/** The version of the format of revision tables that this library writes. */
export const FORMAT = 1;

/** The greatest number of a shape, which is a smallint. */
const MAX_SHAPE = 32_767;

/**
 * The columns that some writers of a revision table knew: a row of `audit_shape`. A revision names the shape of its
 * writer in `rev_shape`, so that a column which its writer didn't know can be told from one that was null.
 *
 * Both numbers come from names, so that a writer needs no look at this table, and all databases of an application
 * with one for each tenant agree on them.
 */
export class Shape extends BaseEntity {
  /** The number of the audited table, by which changesets name it. */
  entity: number;
  /** The number of the shape, from 1 to 32767; 0 stands for revisions without a `rev_shape`, from before there was one. */
  shape: number;
  /** The audited table, with its schema. */
  name: string;
  /** The version of the format in which these writers write. */
  format: number;
  /** When the row was inserted, in seconds since the epoch, with microseconds. */
  created: number;
  /** JSON: an array of `ShapeColumn`. */
  columns: string;
}

/** A column of a shape. */
export interface ShapeColumn {
  /** Its name in the revision table. Migrations that rename the column there rename it here too. */
  readonly name: string;
  /** How these writers masked it; absent for a column in clear. */
  readonly mask?: ShapeMask;
  /** The constant default of the column, where it has one: the rows that were there before it got this value. */
  readonly default?: string | number | boolean | null;
}

/** The kind of a mask. Copies of one kind can be compared with each other. */
export type ShapeMask = 'digest' | 'function';

/** The table `audit_shape`. */
export const shapeTable: OwnTable<Shape> = {
  target: Shape,
  name: 'audit_shape',
  columns: ({ own }) => ({
    entity: { type: 'int', primary: true },
    shape: { type: 'smallint', primary: true },
    name: { ...own.text, length: MAX_TABLE_LENGTH },
    format: { type: 'smallint' },
    created: { type: 'double precision' },
    columns: { type: 'text' },
  }),
  withoutRowid: true,
};

/** The number of a table: 31 bits of a hash of its path. */
export function numberOfTable(tablePath: string): number {
  return hash(tablePath).readUInt32BE() >>> 1;
}

/**
 * The number of a context in changesets, in place of a table's: negative, so it is no table's. A transaction has such a
 * changeset where it wrote in the context a table whose own changeset has another one.
 */
export function numberOfContext(values: readonly (string | null)[]): number {
  return -1 - numberOfTable(JSON.stringify(values));
}

/** The number of a set of columns: 1 to 32767, of a hash of what tells each column from all others. */
export function numberOfShape(columns: readonly string[]): number {
  return (hash([...columns].sort().join('\0')).readUInt32BE() % MAX_SHAPE) + 1;
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
