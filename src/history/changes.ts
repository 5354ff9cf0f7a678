import { isDeepStrictEqual } from 'node:util';
import { type AuditOperation } from '../revision/revision-columns.js';
import { type Change } from './revision.js';

/** The values of a row by property path; of a deleted row, what its columns would be if all were null. */
export type State = Readonly<Record<string, unknown>>;

/**
 * What a revision changed: its difference to the one before.
 *
 * A baseline changes nothing, and neither does a revision whose predecessor was pruned. An insert starts from nothing.
 *
 * @param previous the state before, or undefined without a predecessor
 * @param nothing the state in which the entity doesn't exist
 */
export function changesOf(
  operation: AuditOperation,
  previous: State | undefined,
  current: State,
  nothing: State,
  properties: readonly string[],
): Change[] {
  if (operation === 'baseline') return [];
  const before = operation === 'insert' ? nothing : previous;
  return before ? changesBetween(before, current, properties) : [];
}

/**
 * The properties that two states differ in, in their order.
 *
 * @example changesBetween({ party: 6, name: null }, { party: 4, name: null }, ['party', 'name'])
 * // → [{ property: 'party', from: 6, to: 4 }]
 */
export function changesBetween(before: State, after: State, properties: readonly string[]): Change[] {
  return properties
    .map((property) => ({ property, from: before[property] ?? null, to: after[property] ?? null }))
    .filter(({ from, to }) => !isSame(from, to));
}

function isSame(left: unknown, right: unknown): boolean {
  // 0 and -0 too, which some databases tell apart.
  if (left === right) return true;
  // A transformer's class may hide its value in private fields, where a deep comparison doesn't see it.
  if (isComparable(left) && isComparable(right) && left.constructor === right.constructor)
    return left.equals(right);
  return isDeepStrictEqual(left, right);
}

function isComparable(value: unknown): value is { equals(other: unknown): boolean } {
  return typeof (value as { equals?: unknown } | null)?.equals === 'function';
}
