// `rev_created` has microseconds and a Date has milliseconds, so a Date stands for the whole of its millisecond. One
// definition of where a millisecond begins, ms / 1000 as a double, keeps reading and filtering in agreement.

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
