import { InvalidArgumentError } from '../../audit.errors.js';

// `rev_created` has microseconds and a Date has milliseconds, so a Date stands for the whole of its millisecond. Both
// directions divide by 1000 as doubles, so that reading and filtering agree on where a millisecond begins.

/** The Date in whose millisecond a `rev_created` lies. */
export function dateOf(revCreated: number): Date {
  const nearest = Math.round(revCreated * 1000);
  return new Date(nearest / 1000 > revCreated ? nearest - 1 : nearest);
}

/** The first `rev_created` of a Date's millisecond. */
export function beginningOf(date: Date): number {
  return date.getTime() / 1000;
}

/** The first `rev_created` after a Date's millisecond. */
export function endOf(date: Date): number {
  return (date.getTime() + 1) / 1000;
}

/** @throws InvalidArgumentError naming the argument, unless it is a valid Date */
export function validDate(argument: string, date: unknown): Date {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError(argument, `must be a valid Date, got ${String(date)}.`);
}
