import { type PropertyOf, type Scalar } from './property-kind.js';

/**
 * The names that the join columns of an entity's to-one relations can have, where they have no property: of a relation
 * `guest` these are `guestId`, names that begin with `guest` and end in `Id`, and names that begin with `guest_`. If
 * Guest has no `id`, its columns are among them: `guestCode`.
 */
export type JoinColumn<E> = JoinColumnOf<E, PropertyOf<E, 'one'>>;

/** The values of the join columns that have no property. */
export type JoinColumns<E> = {
  [R in PropertyOf<E, 'one'> as PatternOf<E, R>]: JoinValue<E[R]>;
} & {
  [R in PropertyOf<E, 'one'> as NameOf<E, R>]?: JoinValue<E[R]>;
};

/** The names that the join columns of one relation can have. There are none if the usual one has a property. */
export type JoinColumnOf<E, R extends string> = PatternOf<E, R> | NameOf<E, R>;

/**
 * The value of a join column: of the related entity's `id`, if it has one that is a scalar. A join column that refers to
 * another column may have any scalar.
 */
export type JoinValue<Related> =
  NonNullable<Related> extends { id?: infer Id extends Scalar | null | undefined }
    ? NonNullable<Id> | null
    : Scalar | null;

type PatternOf<E, R extends string> = R extends string
  ? HasUsual<E, R> extends true
    ? never
    : Free<E, UsualPattern<R>> | Free<E, `${R}_${string}`> | Free<E, `${SnakeCase<R>}_${string}`>
  : never;

type NameOf<E, R extends string> = R extends keyof E & string
  ? HasUsual<E, R> extends true
    ? never
    : | (Free<E, UsualPattern<R>> extends never ? `${R}Id` : never)
      | Exclude<NaturalName<R, NonNullable<E[R]>>, keyof E>
  : never;

type HasUsual<E, R extends string> = Extract<`${R}Id` | `${R}_id`, keyof E> extends never ? false : true;

type UsualPattern<R extends string> = `${R}${Capitalize<string>}Id`;

// As TypeORM names the join column of a relation whose entity has another key than `id`.
type NaturalName<R extends string, Related> = 'id' extends keyof Related
  ? never
  : `${R}${Capitalize<ScalarOf<Related>>}`;

type ScalarOf<Related> = {
  [K in keyof Related & string]-?: [NonNullable<Related[K]>] extends [Scalar] ? K : never;
}[keyof Related & string];

// A pattern that matches a property of the entity would change the property's type, so it is left out.
type Free<E, Pattern extends string> = [keyof E & Pattern] extends [never] ? Pattern : never;

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';
