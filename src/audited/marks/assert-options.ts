import { inspect } from 'node:util';
import { AuditConfigurationError } from '../../audit.errors.js';
import { type AuditedOptions } from './audited-options.js';

/** What the error says that a value must be, and the test of a value. */
type Expectation = readonly [expected: string, isMet: (value: unknown) => boolean];

const A_BOOLEAN: Expectation = ['true or false', (value) => typeof value === 'boolean'];
const A_NAME: Expectation = [
  'a string of 1 or more characters',
  (value) => typeof value === 'string' && value.trim() !== '',
];
const PATHS: Expectation = [
  "an array of property paths such as ['address.city']",
  (value) => Array.isArray(value) && value.every((path) => typeof path === 'string'),
];

// The checks of single properties and columns come later, when the entity is known.
const OPTIONS: Readonly<Record<keyof AuditedOptions, Expectation>> = {
  name: A_NAME,
  tableName: A_NAME,
  exclude: PATHS,
  quiet: PATHS,
  // Its error names the columns.
  label: ['a property or a function', () => true],
  except: ['an array of classes', (value) => Array.isArray(value)],
  deletedState: oneOf('null', 'last'),
  indexes: oneOf('none', 'copy'),
  baseline: oneOf('first-write', 'none'),
  when: ['a function of a write', (value) => typeof value === 'function'],
  requireActor: A_BOOLEAN,
  requireReason: A_BOOLEAN,
  renamed: ["an object such as { oldColumn: 'property' }", isObject],
  dropped: ["an object such as { column: 'drop' }", isObject],
};

/** @throws AuditConfigurationError naming the option of `@Audited()` that is unknown or of the wrong type */
export function assertOptions(entity: string, options: AuditedOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, name))
      throw new AuditConfigurationError(
        `@Audited({ ${name} }) of ${entity} is unknown. Known are ${Object.keys(OPTIONS).join(', ')}.`,
      );
    const [expected, isMet] = OPTIONS[name as keyof AuditedOptions];
    if (value !== undefined && !isMet(value))
      throw new AuditConfigurationError(
        `@Audited({ ${name} }) of ${entity} must be ${expected}, got ${inspect(value)}. Leave it out for the default.`,
      );
  }
}

function oneOf(...values: string[]): Expectation {
  const named = values.map((value) => `'${value}'`).join(' or ');
  return [named, (value) => values.includes(value as string)];
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
