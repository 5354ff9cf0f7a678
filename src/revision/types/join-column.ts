import { type PropertyOf, type Scalar } from './property-kind.js';

/**
 * The names that the join columns of an entity's to-one relations can have, where they have no property: of a relation
 * `guest` these are `guestId`, names that end in `Id`, and names that begin with `guest_`.
 */
export type JoinColumn<E> = JoinColumnOf<E, PropertyOf<E, 'one'>>;

/** The values of the join columns that have no property. */
export type JoinColumns<E> = {
  [R in PropertyOf<E, 'one'> as JoinColumnOf<E, R>]: JoinValue<E[R]>;
};

/**
 * The value of a join column: of the related entity's `id`, if it has one that is a scalar. A join column that refers to
 * another column may have any scalar.
 */
export type JoinValue<Related> =
  NonNullable<Related> extends { id?: infer Id extends Scalar | null | undefined }
    ? NonNullable<Id> | null
    : Scalar | null;

/** The names that the join columns of one relation can have. There are none if the usual one has a property. */
export type JoinColumnOf<E, R extends string> = R extends string
  ? Extract<`${R}Id` | `${R}_id`, keyof E> extends never
    ? | Free<E, `${R}${Capitalize<string>}Id`, `${R}Id`>
      | Free<E, `${R}_${string}`>
      | Free<E, `${SnakeCase<R>}_${string}`>
    : never
  : never;

// A pattern that matches a property of the entity would change the property's type, so it is left out.
type Free<E, Pattern extends string, Usual extends string = never> = [keyof E & Pattern] extends [never]
  ? Pattern
  : Usual;

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';
