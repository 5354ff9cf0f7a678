import { isDeepStrictEqual } from 'node:util';
import { type EntityMetadata } from 'typeorm';
import { type Change } from '../../history/types/change.js';
import { type Revision } from '../../history/types/revision.js';
import { hasToJson, toJson } from './json.js';

type Entity = Record<string, unknown>;

/**
 * The changes that the entity's own toJSON() shows: a change passes if the JSON of the states before and after contains
 * its values unaltered.
 *
 * @param before the state with the `from` values; null if the entity didn't exist
 */
export function changesInJson(changes: Change[], before: object | null, after: object | null): Change[] {
  const [left, right] = [before, after].map((state) => (state ? { json: jsonOf(state) } : undefined));
  return changes.filter(
    ({ property, from, to }) => shows(left, property, from) && shows(right, property, to),
  );
}

/** Whether an entity, or an embedded in it, has a toJSON(). */
export function hasOwnJson(root: EntityMetadata): boolean {
  return [root, ...root.childEntityMetadatas]
    .flatMap(({ target, allEmbeddeds }) => [target, ...allEmbeddeds.map(({ type }) => type)])
    .some((type) => typeof type === 'function' && hasToJson(type.prototype as object));
}

/** One property in two states as a `Change`, even if it is equal in both. */
export function changeBetween(property: string, before: object | null, after: object | null): Change {
  return { property, from: valueAt(before, property) ?? null, to: valueAt(after, property) ?? null };
}

/**
 * The state before a revision, derived from the state after it and the changes; null if there is none.
 *
 * @param empty makes an empty instance of the entity, for a revision that deleted it
 */
export function stateBefore(
  { operation, snapshot, changes, isDelete }: Revision,
  empty: () => object,
): object | null {
  if (operation === 'insert') return null;
  const after: object = isDelete || !snapshot ? empty() : snapshot;
  return changes.reduce(
    (state, { property, from }) => withValue(state, property.split('.'), from),
    copyOf(after),
  );
}

function isEntityLike(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array)
  );
}

// If toJSON() throws on a derived state, nothing of that state is shown.
function jsonOf(state: object): unknown {
  try {
    return toJson(state);
  } catch {
    return undefined;
  }
}

function shows(state: { json: unknown } | undefined, property: string, value: unknown): boolean {
  if (!state) return true;
  const shown = valueAt(state.json, property);
  return shown !== undefined && isDeepStrictEqual(shown, toJson(value ?? null));
}

function valueAt(state: unknown, property: string): unknown {
  return property.split('.').reduce((outer, name) => (outer as Entity | null | undefined)?.[name], state);
}

function copyOf<T extends object>(value: T): T {
  return Object.defineProperties(
    Object.create(Object.getPrototypeOf(value) as object) as T,
    Object.getOwnPropertyDescriptors(value),
  );
}

function withValue(state: object, [name, ...rest]: string[], value: unknown): object {
  const inner = (state as Entity)[name];
  const next = rest.length === 0 ? value : withValue(isEntityLike(inner) ? copyOf(inner) : {}, rest, value);
  return Object.defineProperty(state, name, {
    value: next,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
