import { inspect } from 'node:util';
import { InvalidArgumentError } from '../../audit.errors.js';
import { assertBoolean } from '../../history/arguments/checks.js';
import { assertOptions, type OptionNames } from '../../option-names.js';
import {
  type BackfillOptions,
  type EraseOptions,
  type MaintenanceOptions,
  type MaintenanceWriteOptions,
  type PruneOptions,
  type VerifyOptions,
} from '../maintenance.types.js';

const RUN: OptionNames<MaintenanceOptions> = { batchSize: true, onProgress: true };
const WRITE: OptionNames<MaintenanceWriteOptions> = { ...RUN, dryRun: true };

/** The options of each run. */
const RUNS = {
  backfill: {
    tablesAtOnce: true,
    rowsPerSecond: true,
    maxReplicaLagSeconds: true,
    maxTransactionAgeSeconds: true,
    onPause: true,
    ...WRITE,
  } satisfies OptionNames<BackfillOptions>,
  verify: { limit: true, timeBudgetSeconds: true, from: true, ...RUN } satisfies OptionNames<VerifyOptions>,
  reconcile: WRITE,
  prune: { keep: true, olderThan: true, ...WRITE } satisfies OptionNames<PruneOptions>,
  erase: { columns: true, ...WRITE } satisfies OptionNames<EraseOptions>,
};

/**
 * Checks which options a run has, and the values of those that several runs have.
 *
 * @throws InvalidArgumentError naming 'options', or the option: 'batchSize', 'limit', 'dryRun', 'onProgress'
 */
export function assertRunOptions(
  run: keyof typeof RUNS,
  options: MaintenanceWriteOptions & Pick<VerifyOptions, 'limit'>,
): void {
  assertOptions('options', options, RUNS[run]);
  for (const name of ['batchSize', 'limit'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 1))
      throw new InvalidArgumentError(name, `must be an integer of 1 or more, got ${inspect(value)}.`);
  }
  const { dryRun, onProgress } = options;
  if (dryRun !== undefined) assertBoolean('dryRun', dryRun);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new InvalidArgumentError('onProgress', `must be a function, got ${inspect(onProgress)}.`);
}
