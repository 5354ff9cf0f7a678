import { type ColumnOptions } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Masks } from './masks.js';
import { type Types } from '../types/types.js';
import { type DigestKey, type Mask } from './digest-key.js';

/** What reads show in place of a redacted value. */
export const REDACTED = '***';

/** The number of hexadecimal digits that name the key of a digest. The rest is the HMAC, cut to 64 digits in all. */
export const KEY_ID_DIGITS = 8;
export const HMAC_DIGITS = 56;

/** HMAC pads its key of 32 bytes with zeros to a block of 64. */
export const HMAC_PADS = { inner: 0x36, outer: 0x5c } as const;

/** A masked column: its mask, and its keys with the current one first. Without digests it has no keys. */
export interface MaskedColumn {
  readonly source: ColumnMetadata;
  readonly mask: Mask;
  readonly keys: readonly DigestKey[];
}

interface MaskDialect {
  readonly masks: Masks;
}

/** SQL for the copy of a value: a digest under the current key, or the SQL of a mask function. */
export function masked({ masks }: MaskDialect, { source, mask, keys }: MaskedColumn, value: string): string {
  if (typeof mask === 'function')
    return masks.asText(`CASE WHEN ${value} IS NULL THEN NULL ELSE ${mask(value)} END`);
  return masks.digest(value, source, keys[0]);
}

/** SQL for the copy of a value under the key of an older copy, so that equal values have equal copies. */
export function maskedLike(dialect: MaskDialect, column: MaskedColumn, value: string, older: string): string {
  const current = masked(dialect, column, value);
  const old = column.keys.slice(1);
  if (old.length === 0) return current;
  const cases = old.map((key) => `WHEN '${key.id}' THEN ${dialect.masks.digest(value, column.source, key)}`);
  return `CASE substr(${older}, 1, ${KEY_ID_DIGITS}) ${cases.join(' ')} ELSE ${current} END`;
}

/** SQL for the older copy if the value is the same, else for the value under the current key. */
export function maskedAnew(dialect: MaskDialect, column: MaskedColumn, value: string, older: string): string {
  const current = masked(dialect, column, value);
  if (column.keys.length < 2) return current;
  return `CASE WHEN ${maskedLike(dialect, column, value, older)} = ${older} THEN ${older} ELSE ${current} END`;
}

/** The column options that differ for the copy of a masked column. */
export function maskedType({ types }: { readonly types: Types }, mask: Mask): ColumnOptions {
  const shown = (value: unknown): unknown => (value === null || value === undefined ? value : REDACTED);
  return {
    ...(typeof mask === 'function' ? { ...types.own.text, type: 'text' } : { type: 'varchar' }),
    length: typeof mask === 'function' ? undefined : KEY_ID_DIGITS + HMAC_DIGITS,
    ...(mask === 'redact' && { transformer: { to: (value: unknown) => value, from: shown } }),
  };
}
