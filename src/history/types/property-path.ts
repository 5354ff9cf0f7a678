import { type JoinColumn } from '../../revision/types/join-column.js';
import { type IsLoose, type KindOf, type PropertyOf } from '../../revision/types/property-kind.js';

/**
 * The properties of an entity that have columns, by their paths: `'party'`, `'address.city'`, `'address'`. Relations and
 * methods have none. Of an `ObjectLiteral` it is `string`.
 *
 * TypeScript can't tell an embedded from JSON, so both are there as a whole and by their paths.
 *
 * @example PropertyPath<Reservation> // → 'id' | 'name' | 'party' | 'address' | 'address.city'
 */
export type PropertyPath<E> = IsLoose<E> extends true ? string : PathsIn<E, []>;

/**
 * What an option names a property by: its path, a to-one relation, or a join column that has no property.
 *
 * @example 'party' · 'address.city' · 'address' · 'guest' · 'guestId'
 */
export type PropertyOrRelation<E> =
  IsLoose<E> extends true ? string : PathsIn<E, []> | PropertyOf<E, 'one'> | JoinColumn<E>;

/** The type of the property at a path. */
export type ValueAt<E, Path> = Path extends keyof E
  ? NonNullable<E[Path]>
  : Path extends `${infer Name}.${infer Rest}`
    ? Name extends keyof E
      ? ValueAt<NonNullable<E[Name]>, Rest>
      : never
    : never;

// Embeddeds within embeddeds, to a depth that also ends circular types.
type PathsIn<E, Depth extends 0[]> = {
  [K in keyof E & string]-?: KindOf<E[K], K> extends infer Kind
    ? Kind extends 'value'
      ? K
      : Kind extends 'object'
        ? K | (Depth['length'] extends 3 ? never : `${K}.${PathsIn<NonNullable<E[K]>, [...Depth, 0]>}`)
        : never
    : never;
}[keyof E & string];
