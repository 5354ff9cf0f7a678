import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type Revision } from '../types/revision.js';
import { type Key } from '../../dialect/keys/key.js';
import { type UniqueKey } from './unique-keys.js';

/** A reason why a row can't be restored. */
export interface Obstacle {
  /** `name "Ritz" is taken by Hotel 7` */
  readonly problem: string;
  /** What the caller can do about it; undefined for the usual remedy. */
  readonly remedy?: string;
  /** The newer revisions of the row, where they are the reason. */
  readonly changedSince?: readonly Revision[];
  /** The values that can't be restored, by property. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** The other row of the table that holds the unique value. */
  readonly holder?: Holder;
  /** The foreign key by which the row would refer to a row that is gone. */
  readonly dangling?: ForeignKeyMetadata;
  /** The row that refers to the one that is to be removed. */
  readonly referring?: ReferringRow;
}

/** A row that refers to another by a foreign key. */
export interface ReferringRow {
  readonly foreignKey: ForeignKeyMetadata;
  readonly key: Key;
}

export interface Holder {
  readonly key: Key;
  readonly unique: UniqueKey;
}

/** Properties with their values, for messages: `list 1, position 3`. */
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
