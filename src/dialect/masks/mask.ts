import { type ColumnOptions } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Masks } from './masks.js';
import { type Types } from '../types/types.js';
import { type DigestKey, type Mask } from './digest-key.js';

/** What is shown of a redacted value. */
export const REDACTED = '***';

/** The hexadecimal digits of a digest that name its key; the rest is the HMAC, cut to fit into 64 together. */
export const KEY_ID_DIGITS = 8;
export const HMAC_DIGITS = 56;

/** HMAC pads its key of 32 bytes with zeros to a block of 64. */
export const HMAC_PADS = { inner: 0x36, outer: 0x5c } as const;

/** A masked column: its mask, and its keys, the current one first; none where the mask needs none. */
export interface MaskedColumn {
  readonly source: ColumnMetadata;
  readonly mask: Mask;
  readonly keys: readonly DigestKey[];
}

interface MaskDialect {
  readonly masks: Masks;
}

/** What a copy has in the place of a value: a digest under the current key. */
export function masked({ masks }: MaskDialect, { source, mask, keys }: MaskedColumn, value: string): string {
  if (typeof mask === 'function')
    return masks.asText(`CASE WHEN ${value} IS NULL THEN NULL ELSE ${mask(value)} END`);
  return masks.digest(value, source, keys[0]);
}

/** The same under the key that an older copy was made with, so that the two are equal if their values are. */
export function maskedLike(dialect: MaskDialect, column: MaskedColumn, value: string, older: string): string {
  const current = masked(dialect, column, value);
  const old = column.keys.slice(1);
  if (old.length === 0) return current;
  const cases = old.map((key) => `WHEN '${key.id}' THEN ${dialect.masks.digest(value, column.source, key)}`);
  return `CASE substr(${older}, 1, ${KEY_ID_DIGITS}) ${cases.join(' ')} ELSE ${current} END`;
}

/** The older copy where the value is the same, else the value under the current key. */
export function maskedAnew(dialect: MaskDialect, column: MaskedColumn, value: string, older: string): string {
  const current = masked(dialect, column, value);
  if (column.keys.length < 2) return current;
  return `CASE WHEN ${maskedLike(dialect, column, value, older)} = ${older} THEN ${older} ELSE ${current} END`;
}

/** The options in which the copy of a masked column differs from any other's. */
export function maskedType({ types }: { readonly types: Types }, mask: Mask): ColumnOptions {
  const shown = (value: unknown): unknown => (value === null || value === undefined ? value : REDACTED);
  return {
    ...(typeof mask === 'function' ? { ...types.own.text, type: 'text' } : { type: 'varchar' }),
    length: typeof mask === 'function' ? undefined : KEY_ID_DIGITS + HMAC_DIGITS,
    ...(mask === 'redact' && { transformer: { to: (value: unknown) => value, from: shown } }),
  };
}
