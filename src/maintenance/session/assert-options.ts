import { inspect } from 'node:util';
import { InvalidArgumentError } from '../../audit.errors.js';
import { assertBoolean } from '../../history/arguments/checks.js';
import { type MaintenanceWriteOptions, type VerifyOptions } from '../maintenance.types.js';

/**
 * Checks the options that several runs have.
 *
 * @throws InvalidArgumentError naming the option: 'batchSize', 'limit', 'dryRun', 'onProgress'
 */
export function assertRunOptions(options: MaintenanceWriteOptions & Pick<VerifyOptions, 'limit'>): void {
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
