import { hkdfSync } from 'node:crypto';

/** What is known of a mask key in a text that somebody could have seen. */
export interface KeyTraces {
  /** Forms of the key, or of the column's key that is derived from it. */
  readonly forms: readonly string[];
  /** Pairs of numbers that make the column's key of each other. */
  readonly pairs: readonly string[];
  /** How many numbers as long as a key there are. */
  readonly numbers: number;
}

/** Looks for the mask key and for a column's own, as they are and as HMAC pads them. */
export function keyTraces(text: string, key: string, table: string, column: string): KeyTraces {
  const derived = Buffer.from(
    hkdfSync('sha256', key, '', JSON.stringify(['nestjs-typeorm-audit', 'column', table, column]), 32),
  );
  const lower = text.toLowerCase();
  const forms = [Buffer.from(key), derived]
    .flatMap(formsOf)
    .filter((form) => lower.includes(form.toLowerCase()));
  const numbers = [...new Set(lower.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g))].map((hex) =>
    Buffer.from(hex, 'hex'),
  );
  const keys = new Set(PADS.map((pad) => xor(derived, Buffer.alloc(32, pad)).toString('hex')));
  const made = numbers.flatMap((one) => numbers.map((other) => xor(one, other).toString('hex')));
  return { forms, pairs: made.filter((hex) => keys.has(hex)), numbers: numbers.length };
}

const PADS = [0, 0x36, 0x5c];

function formsOf(key: Buffer): string[] {
  const padded = PADS.map((pad) => xor(key, Buffer.alloc(key.length, pad)));
  return padded.flatMap((bytes) => [
    bytes.toString('hex'),
    bytes.toString('base64'),
    bytes.toString('latin1'),
  ]);
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, n) => byte ^ other[n]));
}
