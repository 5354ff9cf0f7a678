import { createHash } from 'node:crypto';
import { toJson } from './json.js';

/** What stands in a list for a large value. */
export interface LargeValue {
  /** Of a text its bytes in UTF-8, of bytes their number, of anything else those of its JSON. */
  bytes: number;
  /** Of the same bytes, in hex. */
  sha256: string;
  /** The path of the revision, which has the value; null for one of a junction table. */
  href: string | null;
}

/** A value as JSON, or what stands for it where it has more bytes than `limit`. */
export function jsonWithin(limit: number, value: unknown, href: string | null): unknown {
  if (sizeOf(value) <= limit) return toJson(value);
  const bytes = value instanceof Uint8Array ? value : Buffer.from(textOf(value));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes: bytes.byteLength, sha256, href } satisfies LargeValue;
}

/** About how many bytes a value has, without making them. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null || value instanceof Date) return 8;
  return Object.values(value).reduce<number>((sum, member) => sum + 8 + sizeOf(member), 0);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(toJson(value));
}
