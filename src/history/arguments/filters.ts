import { InvalidArgumentError } from '../../audit.errors.js';
import { type OptionNames } from '../../option-names.js';
import { type RevisionFilters } from '../types/filters.js';
import { assertOperation, assertText } from './checks.js';

export const FILTERS: OptionNames<RevisionFilters> = {
  actor: true,
  not: true,
  action: true,
  request: true,
  reason: true,
  operation: true,
  property: true,
  changed: true,
};

const TEXTS = ['actor', 'action', 'request', 'reason', 'property'] as const;

/**
 * Checks the filters that need no look at an entity.
 *
 * @throws InvalidArgumentError naming the filter
 */
export function assertFilters(filters: RevisionFilters): void {
  for (const name of TEXTS) assertText(name, filters[name]);
  assertOperation(filters.operation);
  const { not, changed } = filters;
  if (not !== undefined) {
    if (!isObject(not) || typeof not.actor !== 'string' || Object.keys(not).length > 1)
      throw new InvalidArgumentError('not', `must be { actor: 'ann' }, got ${shown(not)}.`);
    assertText('not', not.actor);
  }
  if (changed !== undefined) assertChanged(changed);
}

function assertChanged(changed: unknown): void {
  if (!isObject(changed) || Object.keys(changed).length === 0)
    throw new InvalidArgumentError(
      'changed',
      `must be properties with the values that they changed between, such as { status: { from: 'paid' } }, got ${shown(changed)}.`,
    );
  for (const [property, values] of Object.entries(changed))
    if (!isObject(values) || Object.keys(values).some((name) => name !== 'from' && name !== 'to'))
      throw new InvalidArgumentError(
        'changed',
        `must have { from, to }, or one of them, for "${property}", got ${shown(values)}.`,
      );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What an error says that it got: an object by the names of its properties. */
export function shown(value: unknown): string {
  return isObject(value) ? `{ ${Object.keys(value).join(', ')} }` : String(value);
}
