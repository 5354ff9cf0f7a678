import { InvalidArgumentError } from '../../audit.errors.js';

/** The names under which an id may give a key column. */
export interface KeyName {
  /** The property of its value in a revision: `id`, `guest_fk`. */
  readonly name: string;
  /** Other paths to it in an object, as in `{ guest: { id: 1 } }`. */
  readonly paths: readonly (readonly string[])[];
  /** A transformer makes the value, so it may be any object. */
  readonly takesObjects: boolean;
}

/**
 * The values of the key columns in an id, in the order of the columns.
 *
 * @param entity its name, for messages
 * @throws InvalidArgumentError when the id has another shape or leaves a key column out
 * @example keyValuesOf({ line: 2, order: { id: 1 } }, [order, line], 'Item') // → [1, 2]
 */
export function keyValuesOf(id: unknown, keys: readonly KeyName[], entity: string): unknown[] {
  if (id === null || id === undefined) throw invalid(String(id), keys, entity);
  const [only] = keys.length === 1 ? keys : [];
  if (isScalar(id)) {
    if (!only) throw invalid('one value', keys, entity);
    return [id];
  }
  if (typeof id !== 'object')
    throw invalid(typeof id === 'number' ? String(id) : `a ${typeof id}`, keys, entity);
  if (only?.takesObjects && valueOf(id, only) === undefined) return [id];
  return keys.map((key) => {
    const value = valueOf(id, key);
    if (value === undefined) throw invalid(`no value for "${key.name}"`, keys, entity);
    return value;
  });
}

function valueOf(id: object, key: KeyName): unknown {
  for (const path of key.paths) {
    const value = path.reduce<unknown>(
      (outer, name) => (outer as Record<string, unknown> | null)?.[name],
      id,
    );
    if (isScalar(value) || (key.takesObjects && typeof value === 'object' && value !== null)) return value;
  }
  return undefined;
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  return ['string', 'bigint', 'boolean'].includes(typeof value) || value instanceof Uint8Array;
}

function invalid(given: string, keys: readonly KeyName[], entity: string): InvalidArgumentError {
  const names = keys.map(({ name }) => name).join(', ');
  const shape = keys.length === 1 ? `the value of "${names}" or { ${names} }` : `{ ${names} }`;
  return new InvalidArgumentError('id', `of ${entity} must be ${shape}, got ${given}.`);
}
