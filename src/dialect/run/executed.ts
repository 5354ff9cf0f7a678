/** The result of a statement: the rows that it read, or the number of rows that it wrote. */
export interface Executed {
  readonly rows: Record<string, unknown>[];
  readonly affected: number;
}
