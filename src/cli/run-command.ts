import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { attachAudit } from '../attach-audit.js';
import { InvalidArgumentError } from '../audit.errors.js';
import { type Arguments, type Command, COMMANDS, type Outcome } from './commands.js';
import { COMMON, helpText, OPTIONS } from './help.js';
import { connect, loadDataSource } from './load-data-source.js';
import { progressOn } from './progress.js';
import { UsageError } from './usage-error.js';

/**
 * Runs the command that a command line stands for, and prints what it found or did.
 *
 * @returns the exit code: 0, or 1 when verify found differences or something failed, or 2 when it isn't understood
 */
export async function runCommand(argv: readonly string[]): Promise<number> {
  try {
    const { name, options } = parse(argv);
    if (options.help || name === undefined) {
      console.log(helpText(name));
      return options.help ? 0 : 2;
    }
    const { json, text, ok } = await run(COMMANDS[name], options);
    console.log(options.json ? JSON.stringify(json, null, 2) : text);
    return ok ? 0 : 1;
  } catch (error) {
    const isUsage = error instanceof UsageError || error instanceof InvalidArgumentError;
    console.error(error instanceof Error ? error.message : String(error));
    if (isUsage) console.error('See nestjs-typeorm-audit --help.');
    return isUsage ? 2 : 1;
  }
}

function parse(argv: readonly string[]): { name: string | undefined; options: Arguments } {
  const { positionals, values } = parsed(argv);
  const [name, ...rest] = positionals;
  if (name === undefined) return { name, options: values };
  if (!Object.hasOwn(COMMANDS, name) || rest.length > 0)
    throw new UsageError(
      `"${[name, ...rest].join(' ')}" is no command. They are ${Object.keys(COMMANDS).join(', ')}.`,
    );
  assertOptions(name, COMMANDS[name], values);
  return { name, options: values };
}

function parsed(argv: readonly string[]): { positionals: string[]; values: Arguments } {
  const options = Object.fromEntries(
    Object.entries(OPTIONS).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function assertOptions(name: string, { options, required }: Command, given: Arguments): void {
  if (given.help) return;
  for (const option of Object.keys(given))
    if (![...COMMON, ...options].includes(option)) throw new UsageError(`${name} takes no --${option}.`);
  for (const option of ['data-source', ...required])
    if (given[option] === undefined)
      throw new UsageError(`${name} needs --${option} <${OPTIONS[option].value}>.`);
}

async function run(command: Command, options: Arguments): Promise<Outcome> {
  const dataSource = await connect(await loadDataSource(options['data-source'] as string));
  try {
    const audit = attachAudit(dataSource, { maskKey: maskKeys(process.env.AUDIT_MASK_KEY) });
    const progress = options.json ? undefined : progressOn(process.stderr);
    const who = {
      actor: (options.actor as string | undefined) ?? systemUser(),
      reason: options.reason as string | undefined,
    };
    try {
      return await audit.context.run(who, () =>
        command.run({ dataSource, audit, options, onProgress: progress?.show }),
      );
    } finally {
      progress?.end();
    }
  } finally {
    await dataSource.destroy();
  }
}

// One on each line, the current one first.
function maskKeys(text = ''): string[] | undefined {
  const keys = text.split(/\r?\n/).filter((key) => key !== '');
  return keys.length > 0 ? keys : undefined;
}

function systemUser(): string | null {
  try {
    return userInfo().username;
  } catch (error) {
    // A container may run under a number that no user has.
    if ((error as { syscall?: string }).syscall) return null;
    throw error;
  }
}
