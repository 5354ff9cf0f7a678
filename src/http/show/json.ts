/**
 * Converts a value for JSON: dates to ISO 8601 in UTC, bytes to base64, bigints to text.
 *
 * Properties that an entity's own toJSON() omits stay out.
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

export function hasToJson(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}
