import { type JoinColumnOf, type JoinValue } from '../../revision/types/join-column.js';
import { type IsLoose, type PropertyOf } from '../../revision/types/property-kind.js';
import { type PropertyPath, type ValueAt } from './property-path.js';

/**
 * One property that differs between two states of an entity. If the entity doesn't exist, all properties are null.
 *
 * It is a union over the entity's properties, so a comparison of `property` tells the types of `from` and `to`. Without
 * an entity it is any property, with unknown values.
 *
 * @example
 * for (const change of revision.changes)
 *   if (change.property === 'party') console.log(change.to! - change.from!); // → -2
 */
export type Change<E = any> =
  IsLoose<E> extends true
    ? ChangeOf<string, unknown>
    : | { [P in PropertyPath<E>]: ChangeOf<P, ValueAt<E, P>> }[PropertyPath<E>]
      | JoinChange<E, PropertyOf<E, 'one'>>;

/** A change of one property. */
export interface ChangeOf<Property extends string, T> {
  /** `party`, `address.city`; a join column without a property has its database name, `guest_fk`. */
  property: Property;
  from: T | null;
  to: T | null;
  /**
   * Which side is JSON's `null`, where the other side is SQL's NULL and both read as null.
   *
   * @example { property: 'settings', from: null, to: null, jsonNull: 'to' } // NULL became 'null'::jsonb
   */
  jsonNull?: 'from' | 'to';
}

type JoinChange<E, R extends keyof E & string> = R extends string
  ? JoinColumnOf<E, R> extends infer Column extends string
    ? [Column] extends [never]
      ? never
      : ChangeOf<Column, JoinValue<E[R]>>
    : never
  : never;
