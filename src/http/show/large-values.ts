import { createHash } from 'node:crypto';
import { toJson } from './json.js';

/** Replaces a large value in a list. */
export interface LargeValue {
  /** The size in bytes: of a text in UTF-8, of binary data as it is, of any other value as JSON. */
  bytes: number;
  /** The SHA-256 of these bytes, in hex. */
  sha256: string;
  /** The path of the revision, which shows the value; null for a junction table. */
  href: string | null;
}

/** A value for JSON, or a `LargeValue` if it has more bytes than `limit`. */
export function jsonWithin(limit: number, value: unknown, href: string | null): unknown {
  if (sizeOf(value) <= limit) return toJson(value);
  const bytes = value instanceof Uint8Array ? value : Buffer.from(textOf(value));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes: bytes.byteLength, sha256, href } satisfies LargeValue;
}

/** The approximate size of a value in bytes, without encoding it. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null || value instanceof Date) return 8;
  return Object.values(value).reduce<number>((sum, member) => sum + 8 + sizeOf(member), 0);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(toJson(value));
}
