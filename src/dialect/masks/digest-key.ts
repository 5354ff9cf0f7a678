/**
 * The substitute for a masked value: a digest that reads hide (`'redact'`), a digest that reads show (`'hash'`), or a
 * function from the column's SQL to the SQL of the substitute.
 */
export type Mask = 'redact' | 'hash' | ((column: string) => string);

/** One key of one column. */
export interface DigestKey {
  /** The prefix of the key's digests. */
  readonly id: string;
  /** The key's number among the keys of the data source. */
  readonly number: number;
  /** The parameters with the key's halves of HMAC's two blocks, blinded by the connection's pad. */
  readonly inner: string;
  readonly outer: string;
}

/** Digests a value under the key of a number. */
export type DigestFunction = (number: number, value: string | Uint8Array | null) => string | null;
