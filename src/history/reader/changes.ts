import { isDeepStrictEqual } from 'node:util';
import { type AuditOperation } from '../../revision/revision-columns.js';
import { type Change } from '../history.types.js';

/** The state of a row, by property path. */
export interface State {
  readonly values: Readonly<Record<string, unknown>>;
  /** The properties that are null in the database, whatever a transformer makes of that. */
  readonly nulls: ReadonlySet<string>;
  /** The properties that are JSON's null, which most drivers read as they read NULL. */
  readonly jsonNulls?: ReadonlySet<string>;
  /** Compares properties whose values are masked: their values in the database. */
  readonly hidden?: Readonly<Record<string, unknown>>;
}

/**
 * The changes of a revision: how it differs from its predecessor.
 *
 * A baseline has no changes, nor has a revision whose predecessor was pruned. An insert starts from nothing.
 *
 * @param previous null if the predecessor deleted the entity, undefined if there is no predecessor
 * @param current null if the entity is deleted
 */
export function changesOf(
  operation: AuditOperation,
  previous: State | null | undefined,
  current: State | null,
  properties: readonly string[],
): Change[] {
  if (operation === 'baseline') return [];
  const before = operation === 'insert' ? null : previous;
  return before === undefined ? [] : changesBetween(before, current, properties);
}

/**
 * The properties that two states of an entity differ in, in their order. Where it doesn't exist, all count as null.
 *
 * @param before null if the entity didn't exist
 * @param after null if the entity didn't exist
 * @example changesBetween({ values: { party: 6 }, … }, { values: { party: 4 }, … }, ['party'])
 * // → [{ property: 'party', from: 6, to: 4 }]
 */
export function changesBetween(
  before: State | null,
  after: State | null,
  properties: readonly string[],
): Change[] {
  return properties
    .filter((property) => isChanged(before, after, property))
    .map((property) => ({
      property,
      from: before?.values[property] ?? null,
      to: after?.values[property] ?? null,
      ...jsonNull(before, after, property),
    }));
}

// Against a state that doesn't exist, NULL in the database is no change: a transformer may make an empty list of it.
function isChanged(before: State | null, after: State | null, property: string): boolean {
  if (before && after) return !isSameValue(before, after, property) || differInNull(before, after, property);
  const only = before ?? after;
  return only !== null && !only.nulls.has(property) && (only.values[property] ?? null) !== null;
}

function jsonNull(before: State | null, after: State | null, property: string): Partial<Change> {
  if (!before || !after || !differInNull(before, after, property)) return {};
  if (!isSameValue(before, after, property)) return {};
  return { jsonNull: before.jsonNulls?.has(property) ? 'from' : 'to' };
}

function differInNull(before: State, after: State, property: string): boolean {
  return (before.jsonNulls?.has(property) ?? false) !== (after.jsonNulls?.has(property) ?? false);
}

function isSameValue(before: State, after: State, property: string): boolean {
  return isSame(comparable(before, property), comparable(after, property));
}

function comparable({ values, hidden }: State, property: string): unknown {
  return hidden?.[property] ?? values[property] ?? null;
}

function isSame(left: unknown, right: unknown): boolean {
  // 0 and -0 are the same, though some databases tell them apart.
  if (left === right) return true;
  // A transformer's class may hide its value in private fields, where a deep comparison doesn't see it.
  if (isComparable(left) && isComparable(right) && left.constructor === right.constructor)
    return left.equals(right);
  return isDeepStrictEqual(left, right);
}

function isComparable(value: unknown): value is { equals(other: unknown): boolean } {
  return typeof (value as { equals?: unknown } | null)?.equals === 'function';
}
