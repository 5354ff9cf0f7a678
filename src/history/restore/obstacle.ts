import { type Key } from '../../dialect/keys/key.js';
import { type UniqueKey } from './unique-keys.js';

/** What is in the way of bringing a row back. */
export interface Obstacle {
  /** `name "Ritz" is taken by Hotel 7` */
  readonly problem: string;
  /** What helps; undefined where it is what helps with most. */
  readonly remedy?: string;
  /** The values that can't come back, by property. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Another row of the table that has a unique value, and its key. */
  readonly holder?: Holder;
}

export interface Holder {
  readonly key: Key;
  readonly unique: UniqueKey;
}

/** Properties with their values, as messages have them: `list 1, position 3`. */
export function valuesText(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([property, value]) => `${property} ${valueText(value)}`)
    .join(', ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
}
