/** The parts of a type's text. */
export interface ColumnType {
  /** In lower case, with the words behind the arguments: `timestamp without time zone`. */
  readonly name: string;
  readonly args: readonly number[];
  readonly isArray: boolean;
}

/**
 * What a type can hold: values of a kind, up to some sizes. A type of the same kind without a smaller size holds as
 * much.
 */
export interface Capacity {
  readonly kind: string;
  readonly sizes: readonly number[];
}

/** For each kind, the other kinds that hold all of its values. */
export type Widenings = Readonly<Record<string, readonly string[]>>;

const TYPE = /^([a-z][\w ]*?)\s*(?:\(([^)]*)\)\s*([a-z ]*?))?\s*(\[\]|array)?$/;

/** @example columnType('numeric(10,2)[]') // → { name: 'numeric', args: [10, 2], isArray: true } */
export function columnType(text: string): ColumnType {
  const [, name = text, args = '', rest, array] = TYPE.exec(text.trim().toLowerCase()) ?? [];
  return {
    name: rest ? `${name} ${rest.trim()}` : name,
    args: args
      .split(',')
      .filter((arg) => /^\s*\d+\s*$/.test(arg))
      .map(Number),
    isArray: array !== undefined,
  };
}

/** An exact number from its digits before and behind the point. */
export function decimal(precision = Infinity, scale = 0, isUnsigned = false): Capacity {
  const digits = precision - (precision === Infinity ? 0 : scale);
  return {
    kind: 'number',
    sizes: [digits, precision === Infinity ? Infinity : scale, isUnsigned ? 0 : digits],
  };
}

/** An integer of some bits. */
export function integer(bits: number, isUnsigned = false): Capacity {
  const digits = (exponent: number): number => exponent * Math.log10(2);
  return {
    kind: 'number',
    sizes: [digits(isUnsigned ? bits : bits - 1), 0, isUnsigned ? 0 : digits(bits - 1)],
  };
}

/** A floating point number with a mantissa of some bits. */
export function float(bits: number): Capacity {
  const digits = bits * Math.log10(2);
  return { kind: 'float', sizes: [digits, 0, digits] };
}

/** Whether every value of one type fits into the other; undefined if one of them is unknown. */
export function holds(
  actual: Capacity | undefined,
  needed: Capacity | undefined,
  widenings: Widenings,
): boolean | undefined {
  if (!actual || !needed) return undefined;
  if (actual.kind !== needed.kind && !widenings[needed.kind]?.includes(actual.kind)) return false;
  return needed.sizes.every((size, n) => (actual.sizes[n] ?? Infinity) >= size);
}
