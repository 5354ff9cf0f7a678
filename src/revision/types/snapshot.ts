import { type JoinColumns } from './join-column.js';
import { type KindOf } from './property-kind.js';

/**
 * A state of an entity: its columns, embeddeds and join columns. At runtime it is an instance of the entity's class
 * without relations. Its methods are there, but not in this type, because they may need the relations.
 *
 * @example
 * snapshot.party // number
 * snapshot.guestId // of a relation `guest` without a property for its join column: the type of Guest's id, or null
 * snapshot.guest // doesn't compile
 */
// Mapped types only: with a conditional type, TypeScript would take Revision<Order> for no Revision.
export type Snapshot<E> = {
  [K in keyof E as KindOf<E[K], K> extends 'value' | 'object' ? K : never]: E[K];
} & JoinColumns<E>;
