import { type Key, type Keys, type KeyTable, type PackedKeys } from './key.js';

/** Whether keys are packed: text that the database made. */
export function isPacked(keys: Keys): keys is PackedKeys {
  return 'chunks' in keys;
}

/** The key if there is exactly one, else undefined. */
export function soleKey(keys: Keys): Key | undefined {
  return keys.length === 1 && !isPacked(keys) ? keys[0] : undefined;
}

/** The parameters of statements about one row: `k0`, `k1`, … for the key's columns, then `version`. */
export function keyParameters(
  key: Key,
  length = key.length,
  parameters: Record<string, unknown> = {},
): Record<string, unknown> {
  for (let n = 0; n < key.length; n++) parameters[n < length ? `k${n}` : 'version'] = key[n];
  return parameters;
}

/** The parameters of a key table, in chunks of as many keys as it takes. */
export function* boundChunks(table: KeyTable, keys: Keys): Generator<Readonly<Record<string, unknown>>> {
  if (isPacked(keys)) yield* keys.chunks;
  else
    for (let at = 0; at < keys.length; at += table.limit) yield table.bind(keys.slice(at, at + table.limit));
}

/** A key as text for a set or map. A number and the text that the database returns for it give the same. */
export function keyText(key: Key): string {
  if (key.length === 1) return keyValueText(key[0]);
  return JSON.stringify(key.map(keyValueText));
}

/** A value of a key as text: bytes in hexadecimal digits, a Date in ISO 8601. */
export function keyValueText(value: unknown): string {
  return value instanceof Uint8Array
    ? Buffer.from(value).toString('hex')
    : value instanceof Date
      ? value.toISOString()
      : String(value);
}

/** The keys without duplicates. */
export function uniqueKeys(keys: readonly Key[]): Key[] {
  return [...new Map(keys.map((key) => [keyText(key), key])).values()];
}
