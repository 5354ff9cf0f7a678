/** Thrown when a command line can't be understood; the exit code is 2. */
export class UsageError extends Error {}
