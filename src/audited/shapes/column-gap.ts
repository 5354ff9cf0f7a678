import { type ShapeColumn } from '../../revision/shape.js';

/** The shapes of a table's revisions that lack a column, which writers of today know. */
export interface ColumnGap {
  /** The shapes whose rows are taken to have had `value`: the column was added later, and filled their rows with it. */
  readonly assumed: readonly number[];
  readonly value: string | number | boolean | null;
  /** The shapes whose rows had a value that nobody knows: the database computed or converted it. */
  readonly blind: readonly number[];
  /** No revision from before this moment knows the column, in seconds since the epoch. */
  readonly since: number;
}

/** A shape as `audit_shape` has it. */
export interface RegisteredShape {
  readonly shape: number;
  /** In seconds since the epoch. */
  readonly created: number;
  readonly columns: readonly ShapeColumn[];
}

/** The revisions of two servers with different clocks may be in this order by `rev_created`, in seconds. */
const CLOCKS_DIFFER = 3600;

/**
 * The columns of a shape that other shapes of the table lack, by name.
 *
 * @param shapes of the table, with the own one
 */
export function columnGaps(
  own: RegisteredShape,
  shapes: readonly RegisteredShape[],
  isHidden: (name: string) => boolean,
): Map<string, ColumnGap> {
  const gaps = new Map<string, ColumnGap>();
  for (const { name } of own.columns) {
    const lacking = shapes.filter((shape) => !columnIn(shape, name));
    if (lacking.length === 0) continue;
    const knowing = [own, ...shapes.filter((shape) => columnIn(shape, name))];
    const first = knowing.reduce((oldest, shape) => (shape.created < oldest.created ? shape : oldest));
    const value = columnIn(first, name)!.default;
    const isBlind = (shape: RegisteredShape): boolean =>
      value === undefined || isHidden(name) || wasConverted(shape, name);
    gaps.set(name, {
      assumed: lacking.filter((shape) => !isBlind(shape)).map(({ shape }) => shape),
      value: value ?? null,
      blind: lacking.filter(isBlind).map(({ shape }) => shape),
      since: first.created - CLOCKS_DIFFER,
    });
  }
  return gaps;
}

function columnIn({ columns }: RegisteredShape, name: string): ShapeColumn | undefined {
  return columns.find((column) => column.name === name);
}

// A column whose type could not be changed in place was kept under another name.
function wasConverted({ columns }: RegisteredShape, name: string): boolean {
  return columns.some((column) => isKeptOf(column.name, name));
}

/** So that the whole name fits into 63 characters. */
const MOST_OF_NAME = 45;

/** The n-th name under which a revision table keeps a column that made room for one of another type or mask. */
export function keptName(name: string, n: number): string {
  return `${keptPrefix(name)}${n}`;
}

/** Whether a column is kept under one of the names of `keptName()`. */
export function isKeptOf(kept: string, name: string): boolean {
  const prefix = keptPrefix(name);
  return kept.startsWith(prefix) && /^\d+$/.test(kept.slice(prefix.length));
}

function keptPrefix(name: string): string {
  return `rev_dropped_${name.slice(0, MOST_OF_NAME)}_`;
}
