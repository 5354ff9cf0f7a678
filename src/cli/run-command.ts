import { userInfo } from 'node:os';
import { type DataSource } from 'typeorm';
import { attachAudit, type AttachedAudit } from '../attach-audit.js';
import { InvalidArgumentError } from '../audit.errors.js';
import { MaskKeyError } from '../audited/use-mask-key.js';
import { type Arguments, type Command, COMMANDS, type Invocation, type Outcome } from './commands.js';
import { helpText } from './help.js';
import { Interruption, InterruptedError } from './interruption.js';
import { connect, loadDataSource } from './load-data-source.js';
import { parseArguments } from './parse-arguments.js';
import { progressOn } from './progress.js';
import { type MaintenanceProgress } from '../maintenance/maintenance.types.js';
import { UsageError } from './usage-error.js';

/**
 * Runs the command of a command line, and prints its result.
 *
 * @returns the exit code: 0; 1 when verify found differences or the command failed; 2 when the command line isn't
 *   understood; 130 after Ctrl-C
 */
export async function runCommand(argv: readonly string[]): Promise<number> {
  try {
    const { name, options } = parseArguments(argv);
    if (options.help || name === undefined) {
      console.log(helpText(name));
      return options.help ? 0 : 2;
    }
    const { json, text, ok } = await run(COMMANDS[name], options);
    console.log(options.json ? JSON.stringify(json, null, 2) : text);
    return ok ? 0 : 1;
  } catch (error) {
    if (error instanceof InterruptedError) {
      console.error(error.message);
      return error.exitCode;
    }
    const isUsage = error instanceof UsageError || error instanceof InvalidArgumentError;
    console.error(error instanceof Error ? error.message : String(error));
    if (isUsage) console.error('See nestjs-typeorm-audit --help.');
    return isUsage ? 2 : 1;
  }
}

async function run(command: Command, options: Arguments): Promise<Outcome> {
  const dataSource = await connect(await loadDataSource(options['data-source'] as string));
  try {
    const audit = attach(dataSource);
    const who = {
      actor: (options.actor as string | undefined) ?? systemUser(),
      reason: options.reason as string | undefined,
    };
    return await audit.context.run(who, () => runInBatches(command, { dataSource, audit, options }));
  } finally {
    await dataSource.destroy();
  }
}

async function runInBatches(command: Command, given: Omit<Invocation, 'onProgress'>): Promise<Outcome> {
  const { options } = given;
  const progress = options.json ? undefined : progressOn(process.stderr);
  const interruption = isStoppable(command, options)
    ? new Interruption(afterStop(command), (text) => {
        progress?.end();
        console.error(text);
      })
    : undefined;
  const onProgress = (done: MaintenanceProgress): void => {
    progress?.show(done);
    interruption?.check(done);
  };
  try {
    return await command.run({ ...given, onProgress: progress || interruption ? onProgress : undefined });
  } finally {
    interruption?.end();
    progress?.end();
  }
}

// A command that only counts may do so in one statement, and has no batch to finish.
function isStoppable(command: Command, options: Arguments): boolean {
  return command.options.includes('batch-size') && !options['dry-run'];
}

function afterStop(command: Command): string {
  return command.options.includes('dry-run')
    ? 'All of that is committed. Run the same command again, and it goes on from there.'
    : 'Nothing was changed. Run the same command again, and it starts from the beginning.';
}

/** @throws UsageError when columns are masked and neither the environment nor the data source's file has the key */
function attach(dataSource: DataSource): AttachedAudit {
  try {
    return attachAudit(dataSource, { maskKey: maskKeys(process.env.AUDIT_MASK_KEY) });
  } catch (error) {
    if (!(error instanceof MaskKeyError)) throw error;
    throw new UsageError(
      `${error.problem} Set AUDIT_MASK_KEY, in the environment, to the maskKey of the application.`,
      { cause: error },
    );
  }
}

// One key on each line, the current one first.
function maskKeys(text = ''): string[] | undefined {
  const keys = text.split(/\r?\n/).filter((key) => key !== '');
  return keys.length > 0 ? keys : undefined;
}

function systemUser(): string | null {
  try {
    return userInfo().username;
  } catch (error) {
    // A container may run under a UID without a user.
    if ((error as { syscall?: string }).syscall) return null;
    throw error;
  }
}
