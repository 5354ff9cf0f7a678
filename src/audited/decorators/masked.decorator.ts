import { type Mask } from '../../dialect/masks/digest-key.js';
import { markMasked } from '../masks/masks.js';

/**
 * Keeps the value of a column out of its history. The revision table gets a substitute, which the database computes, in
 * bulk copies too. Null stays null.
 *
 * - `'redact'` (the default): shows that the value changed, but not the value. The revision table holds a keyed digest
 *   (HMAC-SHA-256), so a change still makes a revision. Every read shows `***`.
 * - `'hash'`: stores the same digest, and reads show it, so that equal values of the column can be recognised.
 * - a function: returns SQL made from the column's SQL. The database evaluates it and stores the result as text. It is
 *   trusted code, as a migration is. A change that doesn't change its result adds no revision.
 * - `false`: stores the value itself. Use it where the library warns of a secret because of the property's name.
 *
 * The digests need the option `maskKey`. On a relation it masks the join columns, on an embedded all its columns.
 *
 * @throws AuditConfigurationError when the data source is initialised and the property is part of the primary key or
 *   has no column of its own
 * @example
 * @Masked() @Column() password: string; // → changes: [{ property: 'password', from: '***', to: '***' }]
 * @Masked('hash') @Column() iban: string; // → snapshot.iban: '6e340b9cffb37a98…'
 * @Masked((column) => `left(${column}, 1)`) @Column() surname: string; // → snapshot.surname: 'B'
 */
export function Masked(mask: Mask | false = 'redact'): PropertyDecorator {
  return (prototype, property) => markMasked(mask, prototype, String(property));
}
