import { type Mask } from '../../dialect/masks/digest-key.js';
import { markMasked } from '../masks/masks.js';

/**
 * Keeps the value of a column out of its history: the revision table gets something else in its place, worked out
 * inside the database, by bulk copies too. Null stays null.
 *
 * - `'redact'` (the default): that it changed, and not what to. A keyed digest (HMAC-SHA-256) is stored, so that a
 *   change still makes a revision, and every read shows `***`.
 * - `'hash'`: the same digest, and reads show it, so that equal values of the column can be told.
 * - a function: SQL that the database evaluates, made from the column's SQL. It is trusted code, as any
 *   migration is; its result is stored as text. A change that it doesn't show is none.
 * - `false`: the value itself. It says that this is meant, where the name makes the library warn of a secret.
 *
 * The digests need the option `maskKey`. On a relation it masks the join columns, on an embedded all its columns.
 *
 * @throws AuditConfigurationError when the data source is initialised and the property can't be masked: it is part of
 * the primary key, or has no column of its own
 * @example
 * @Masked() @Column() password: string; // → changes: [{ property: 'password', from: '***', to: '***' }]
 * @Masked('hash') @Column() iban: string; // → snapshot.iban: '6e340b9cffb37a98…'
 * @Masked((column) => `left(${column}, 1)`) @Column() surname: string; // → snapshot.surname: 'B'
 */
export function Masked(mask: Mask | false = 'redact'): PropertyDecorator {
  return (prototype, property) => markMasked(mask, prototype, String(property));
}
