/**
 * A value as JSON can hold it: dates in ISO 8601 UTC, bytes in base64, bigints as text.
 *
 * What an entity's own toJSON() leaves out stays out.
 *
 * @example toJson({ at: new Date(0), bytes: Buffer.from('hi'), size: 9007199254740993n })
 * // → { at: '1970-01-01T00:00:00.000Z', bytes: 'aGk=', size: '9007199254740993' }
 */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) return value.toJSON();
  if (Array.isArray(value)) return value.map(toJson);
  if (hasToJson(value)) return toJson(value.toJSON());
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
}

/** Whether it says itself what its JSON is. */
export function hasToJson(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}
