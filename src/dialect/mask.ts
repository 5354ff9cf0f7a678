import { createHash } from 'node:crypto';
import { type ColumnOptions } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Dialect, type Mask } from './dialect.js';

/** What is shown of a redacted value. */
export const REDACTED = '***';

const BLOCK_BYTES = 64;

/** What a copy has in the place of a value. */
export function masked(dialect: Dialect, mask: Mask, expression: string, column: ColumnMetadata): string {
  if (typeof mask !== 'function') return dialect.digest(expression, column);
  return dialect.asText(`CASE WHEN ${expression} IS NULL THEN NULL ELSE ${mask(expression)} END`);
}

/** The options in which the copy of a masked column differs from any other's. */
export function maskedType(mask: Mask): ColumnOptions {
  const shown = (value: unknown): unknown => (value === null || value === undefined ? value : REDACTED);
  return {
    type: typeof mask === 'function' ? 'text' : 'varchar',
    length: typeof mask === 'function' ? undefined : 64,
    ...(mask === 'redact' && { transformer: { to: (value: unknown) => value, from: shown } }),
  };
}

/**
 * The parameters of the statements that mask. HMAC hashes twice, each time behind one of two blocks made from the key;
 * made here, they leave the databases, which have no HMAC, nothing to do but to hash.
 */
export function maskParameters(key: string): { maskInner: string; maskOuter: string } {
  const bytes = Buffer.from(key);
  const block = Buffer.alloc(BLOCK_BYTES);
  (bytes.length > BLOCK_BYTES ? createHash('sha256').update(bytes).digest() : bytes).copy(block);
  const padded = (pad: number): string => Buffer.from(block.map((byte) => byte ^ pad)).toString('hex');
  return { maskInner: padded(0x36), maskOuter: padded(0x5c) };
}

/** The digest itself, for databases that have to be given the function. */
export function digestOf(inner: string, outer: string, value: string | Uint8Array | null): string | null {
  if (value === null) return null;
  const hash = (key: string, content: string | Uint8Array): Buffer =>
    createHash('sha256').update(Buffer.from(key, 'hex')).update(content).digest();
  return hash(outer, hash(inner, value)).toString('hex');
}
