import { AuditConfigurationError } from './audit.errors.js';
import {
  type AuditModuleShape,
  type AuditOptions,
  type EndpointOptions,
  MAX_ACTOR_LENGTH,
} from './audit.options.js';
import { assertWords } from './history/words/words.js';
import { nearestName } from './nearest-name.js';

/** What the error says that a value must be, and the test of a value. */
type Expectation = readonly [expected: string, isMet: (value: unknown) => boolean];
type Expectations<T> = { readonly [K in keyof Required<T>]: Expectation };

const A_FUNCTION: Expectation = ['a function of the request', (value) => typeof value === 'function'];
const A_BOOLEAN: Expectation = ['true or false', (value) => typeof value === 'boolean'];

// The maximum of PostgreSQL's statement_timeout.
const MAX_TIMEOUT = 2 ** 31 - 1;

const OPTIONS: Expectations<AuditOptions> = {
  actor: A_FUNCTION,
  context: A_FUNCTION,
  onBehalf: A_FUNCTION,
  requestId: A_FUNCTION,
  requireActor: A_BOOLEAN,
  requireReason: A_BOOLEAN,
  skips: [
    "'record', 'refuse' or 'allow'",
    (value) => value === 'record' || value === 'refuse' || value === 'allow',
  ],
  defaultActor: [
    `a string of 1 to ${MAX_ACTOR_LENGTH} characters such as 'system', or a function that returns one`,
    (value) =>
      typeof value === 'function' ||
      (typeof value === 'string' && value.trim() !== '' && value.length <= MAX_ACTOR_LENGTH),
  ],
  maxContextBytes: [
    'an integer from 256 to 1048576',
    (value) => Number.isInteger(value) && Number(value) >= 256 && Number(value) <= 1024 * 1024,
  ],
  // MaskKeyError checks the length, because it doesn't show the key.
  maskKey: [
    'a string of at least 16 characters, or an array of such strings with the current key first',
    (value) =>
      typeof value === 'string' ||
      (Array.isArray(value) && value.length > 0 && value.every((key) => typeof key === 'string')),
  ],
  actorLabel: ['a function of ids that returns a Map', (value) => typeof value === 'function'],
  words: ["an object of words by language tag such as { de: { yes: 'ja' } }", isObject],
  preparedStatements: ["'auto', true or false", (value) => value === 'auto' || typeof value === 'boolean'],
  checkTables: [
    "'error', 'warn' or false",
    (value) => value === 'error' || value === 'warn' || value === false,
  ],
};

const SHAPE: Expectations<AuditModuleShape> = {
  dataSource: [
    'a data source or its name in @nestjs/typeorm',
    (value) => typeof value === 'string' || isObject(value),
  ],
  endpoints: ['an object such as { guards: [AdminGuard] }', isObject],
  isGlobal: A_BOOLEAN,
};

const ENDPOINTS: Expectations<EndpointOptions> = {
  path: ["a path such as 'audit'", (value) => typeof value === 'string' && /[^/]/.test(value)],
  guards: [
    'an array of guards, as classes or instances',
    (value) => Array.isArray(value) && value.every(isGuard),
  ],
  decorators: [
    "an array of class decorators such as [Roles('admin')]",
    (value) => Array.isArray(value) && value.every((decorator) => typeof decorator === 'function'),
  ],
  valueLimit: [
    'a number of bytes, an integer of 1 or more',
    (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  ],
  timeout: [
    'an integer of milliseconds from 1 to 2147483647',
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_TIMEOUT,
  ],
  canWrite: A_FUNCTION,
  public: A_BOOLEAN,
};

// The options of ConfigurableModuleBuilder's forRootAsync().
const FACTORY = ['imports', 'inject', 'useFactory', 'useClass', 'useExisting', 'provideInjectionTokensFrom'];

/** @throws AuditConfigurationError naming the option that is unknown or of the wrong type, and the remedy */
export function assertAuditOptions(options: unknown): asserts options is AuditOptions {
  if (!isObject(options))
    throw new AuditConfigurationError(
      `The audit options must be an object, got ${String(options)}. Give one, or let the factory of forRootAsync() return one.`,
    );
  for (const name of Object.keys(SHAPE))
    if (name in options)
      throw new AuditConfigurationError(
        `The audit option ${name} shapes the module. Give it to AuditModule.forRoot(), or to forRootAsync() beside the factory.`,
      );
  assertExpected('The audit option ', OPTIONS, options, Object.keys({ ...OPTIONS, ...SHAPE }));
  assertWords((options as AuditOptions).words);
}

/**
 * @param given the argument of `forRoot()`, or with `isAsync` of `forRootAsync()`
 * @throws AuditConfigurationError naming the option that is unknown, of the wrong type or unsafe, and the remedy
 */
export function assertModuleShape(given: AuditModuleShape, isAsync: boolean): void {
  const options = Object.keys(OPTIONS);
  for (const name of options)
    if (isAsync && name in given)
      throw new AuditConfigurationError(
        `The audit option ${name} stands beside the factory of AuditModule.forRootAsync(). Let the factory return it.`,
      );
  // assertAuditOptions() checks the AuditOptions of forRoot(), as it does a factory's.
  const beside = isAsync ? FACTORY : options;
  const shape = Object.fromEntries(Object.entries(given).filter(([name]) => !beside.includes(name)));
  assertExpected('The audit option ', SHAPE, shape, [...beside, ...Object.keys(SHAPE)]);
  if (given.endpoints) assertEndpoints(given.endpoints);
}

function assertEndpoints(endpoints: EndpointOptions): void {
  assertExpected('endpoints.', ENDPOINTS, endpoints, Object.keys(ENDPOINTS));
  if (!endpoints.guards?.length && endpoints.public !== true)
    throw new AuditConfigurationError(
      'endpoints has no guards, so everybody could read the history. Give guards: [AdminGuard], or public: true if everybody may.',
    );
}

function assertExpected(
  what: string,
  expectations: Readonly<Record<string, Expectation>>,
  given: object,
  names: readonly string[],
): void {
  for (const [name, value] of Object.entries(given)) {
    const expectation = Object.hasOwn(expectations, name) ? expectations[name] : undefined;
    if (!expectation)
      throw new AuditConfigurationError(`${what}${name} is unknown. ${suggestion(name, names)}`);
    const [expected, isMet] = expectation;
    if (value !== undefined && !isMet(value))
      throw new AuditConfigurationError(
        `${what}${name} must be ${expected}, got ${describe(value)}. Leave it out for the default.`,
      );
  }
}

function suggestion(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  return nearest ? `Did you mean ${nearest}?` : `Known are ${names.join(', ')}.`;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value
    ? 'an object'
    : typeof value === 'function'
      ? 'a function'
      : String(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isGuard(value: unknown): boolean {
  return typeof value === 'function' || (isObject(value) && 'canActivate' in value);
}
