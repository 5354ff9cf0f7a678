import { parseArgs } from 'node:util';
import { nearestName } from '../nearest-name.js';
import { type Arguments, type Command, COMMANDS } from './commands.js';
import { COMMON, OPTIONS } from './help.js';
import { UsageError } from './usage-error.js';

/**
 * The name of the command (undefined if there is none) and the options of a command line.
 *
 * @throws UsageError naming the argument that isn't understood, and the nearest known one
 */
export function parseArguments(argv: readonly string[]): { name: string | undefined; options: Arguments } {
  const { positionals, values, tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(OPTIONS).map(([name, { value }]) => [name, { type: value ? 'string' : 'boolean' }]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const given = tokens.filter((token) => token.kind === 'option');
  given.forEach(assertOption);
  for (const { name } of given)
    if (given.filter((other) => other.name === name).length > 1)
      throw new UsageError(`--${name} must be given once.`);
  const options = values as Arguments;
  const [name, ...rest] = positionals;
  if (name === undefined) return { name, options };
  if (!Object.hasOwn(COMMANDS, name))
    throw new UsageError(
      `"${name}" is not a command. ${suggestion(name, Object.keys(COMMANDS), 'The commands are')}`,
    );
  if (rest.length > 0)
    throw new UsageError(
      `${name} doesn't know what to do with "${rest.join(' ')}". Name an option before it.`,
    );
  if (!options.help) assertOptionsOf(name, COMMANDS[name], options);
  return { name, options };
}

interface Given {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string;
  readonly inlineValue?: boolean;
}

function assertOption({ name, rawName, value, inlineValue }: Given): void {
  if (!Object.hasOwn(OPTIONS, name) || rawName !== `--${name}`)
    throw new UsageError(
      `${rawName} is not an option. ${suggestion(name, Object.keys(OPTIONS), 'The options are', '--')}`,
    );
  const wanted = OPTIONS[name].value;
  if (wanted === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value, got "${value}". Leave it out.`);
  } else if (!value || (!inlineValue && value.startsWith('-'))) {
    const ofDash = value ? ` If it begins with a dash, write --${name}=${value}.` : '';
    throw new UsageError(`--${name} needs a value: --${name} <${wanted}>.${ofDash}`);
  }
}

function assertOptionsOf(name: string, { options, required }: Command, given: Arguments): void {
  const known = [...COMMON, ...options];
  for (const option of Object.keys(given))
    if (!known.includes(option))
      throw new UsageError(
        `${name} takes no --${option}. It takes ${known.map((each) => `--${each}`).join(', ')}.`,
      );
  for (const option of ['data-source', ...required])
    if (given[option] === undefined)
      throw new UsageError(`${name} needs --${option} <${OPTIONS[option].value}>.`);
}

function suggestion(name: string, names: readonly string[], all: string, dashes = ''): string {
  const nearest = nearestName(name, names);
  return nearest === undefined
    ? `${all} ${names.map((each) => `${dashes}${each}`).join(', ')}.`
    : `Did you mean ${dashes}${nearest}?`;
}
