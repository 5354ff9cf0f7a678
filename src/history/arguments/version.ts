import { InvalidArgumentError } from '../../audit.errors.js';

// The greatest value of an integer column.
const MAX_VERSION = 2 ** 31 - 1;

/** @throws InvalidArgumentError when no revision can have this version */
export function assertVersion(argument: string, version: unknown): asserts version is number {
  if (typeof version === 'number' && Number.isInteger(version) && version >= 1 && version <= MAX_VERSION)
    return;
  throw new InvalidArgumentError(
    argument,
    `must be a version, an integer from 1 to ${MAX_VERSION}, got ${String(version)}.`,
  );
}
