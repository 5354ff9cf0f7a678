import { isDeepStrictEqual } from 'node:util';
import { type AuditOperation } from '../../revision/revision-columns.js';
import { type Change } from '../types/change.js';

/** The state of a row, by property path. */
export interface State {
  readonly values: Readonly<Record<string, unknown>>;
  /** The properties that are NULL in the database, whatever a transformer returns. */
  readonly nulls: ReadonlySet<string>;
  /** The properties that are JSON's null. Most drivers return null for it, as for NULL. */
  readonly jsonNulls?: ReadonlySet<string>;
  /** The database values of masked properties, for comparing only. */
  readonly hidden?: Readonly<Record<string, unknown>>;
  /** The properties whose values nobody knows, because the revision is older than their columns. */
  readonly unknown?: ReadonlySet<string>;
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
 * The properties that differ between two states of an entity, in the given order. If the entity doesn't exist, all
 * properties are null.
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

// Compared with a missing entity, NULL is not a change, even if a transformer turns it into an empty list.
function isChanged(before: State | null, after: State | null, property: string): boolean {
  if (before?.unknown?.has(property) || after?.unknown?.has(property)) return false;
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
  // 0 equals -0, although some databases distinguish them.
  if (left === right) return true;
  // A transformer's class may hide its value in private fields, where a deep comparison doesn't see it.
  if (isComparable(left) && isComparable(right) && left.constructor === right.constructor)
    return left.equals(right);
  return isDeepStrictEqual(left, right);
}

function isComparable(value: unknown): value is { equals(other: unknown): boolean } {
  return typeof (value as { equals?: unknown } | null)?.equals === 'function';
}
