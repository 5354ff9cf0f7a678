/** Part of a list that may be long. */
export interface Page<T> {
  items: T[];
  /** The cursor of the next page; null on the last page. */
  nextCursor: string | null;
}

/** Which page of a list. */
export interface PageOptions {
  /**
   * The most items on the page, 1 to 200.
   * @default 50
   */
  limit?: number;

  /** A page's `nextCursor`; null or nothing for the first page. */
  cursor?: string | null;
}

/** The options of a list that is read to its end: `limit` is the size of the pages, by default 200. */
export type AllOf<O extends PageOptions> = Omit<O, 'cursor'>;
