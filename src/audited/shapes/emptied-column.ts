/** A column whose values a migration took from all rows. Nobody is to be blamed for that. */
export interface EmptiedColumn {
  /** When, in seconds since the epoch. */
  readonly at: number;
  /** What all rows had then. */
  readonly value: string | number | boolean | null;
}
