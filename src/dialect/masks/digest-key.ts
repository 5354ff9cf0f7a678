/** What stands in a copy for a value: a digest that isn't shown, one that is, or the SQL for something else. */
export type Mask = 'redact' | 'hash' | ((column: string) => string);

/** One key of one column, as SQL refers to it. */
export interface DigestKey {
  /** Begins each digest that it makes. */
  readonly id: string;
  /** Its number among the keys of the data source. */
  readonly number: number;
  /** The parameters of the two halves of HMAC's blocks that the key is in, blinded by the connection's pad. */
  readonly inner: string;
  readonly outer: string;
}

/** Digests a value under the key that has a number. */
export type DigestFunction = (number: number, value: string | Uint8Array | null) => string | null;
