import { inspect } from 'node:util';
import { InvalidArgumentError } from './audit.errors.js';
import { nearestName } from './nearest-name.js';

/** The names of all options of a type: it doesn't compile if one of them is missing. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * Checks that a method of the application gets an object, and no option that the method doesn't have. Only own
 * properties count, so the instance of a class will do, and an unknown option may be there as undefined.
 *
 * @param argument the method's parameter
 * @throws InvalidArgumentError naming the argument
 * @example assertOptions('options', { limt: 5 }, { limit: true, cursor: true })
 * // → options must not have "limt", which is unknown. Did you mean limit? Known are limit, cursor.
 */
export function assertOptions(
  argument: string,
  options: unknown,
  known: Readonly<Record<string, true>>,
): asserts options is object {
  const names = Object.keys(known);
  // Arrays, Dates, Maps and promises have tags of their own.
  if (Object.prototype.toString.call(options) !== '[object Object]')
    throw new InvalidArgumentError(
      argument,
      `must be an object that has any of ${names.join(', ')}, got ${inspect(options, { depth: 0, maxStringLength: 40 })}.`,
    );
  for (const [name, value] of Object.entries(options as object)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const nearest = nearestName(name, names);
    const remedy = nearest === undefined ? '' : `Did you mean ${nearest}? `;
    throw new InvalidArgumentError(
      argument,
      `must not have "${name}", which is unknown. ${remedy}Known are ${names.join(', ')}.`,
    );
  }
}
