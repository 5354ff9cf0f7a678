declare const json: unique symbol;
declare const toOne: unique symbol;

/**
 * A JSON column, for the types of its entity's history. It changes nothing at runtime.
 *
 * Needed where JSON looks like a relation: an array of objects, or an object with an `id` or with an array of objects.
 *
 * @example @Column('json') lines: Json<OrderLine[]>; // → snapshot.lines compiles
 */
export type Json<T extends object> = T & { readonly [json]?: never };

/**
 * A to-one relation, for the types of its entity's history. It changes nothing at runtime.
 *
 * Needed where the related entity looks like an embedded: it has neither an `id`, nor `uuid`, nor relations to many, nor
 * is it a `BaseEntity`.
 *
 * @example @ManyToOne(() => Country) country: ToOne<Country>; // → snapshot.country doesn't compile
 */
export type ToOne<T extends object> = T & { readonly [toOne]?: never };

/** A value of one column, as drivers take it. */
export type Scalar = string | number | bigint | boolean | Date | Uint8Array;

/**
 * What a property is, as far as its type tells.
 *
 * - `value`: a column. A scalar, an array of scalars, an object with an index signature, `unknown`, or `Json`
 * - `object`: an embedded, a JSON column, or the value of a transformer
 * - `one`: a relation to one entity
 * - `many`: a relation to many entities, or a lazy one
 * - `method`
 */
// Most columns are scalars, so these are asked for first. `any` is one too.
export type KindOf<T, Name extends PropertyKey = never> = [T] extends [Scalar | null | undefined]
  ? 'value'
  : unknown extends T
    ? 'value'
    : KindOfSome<NonNullable<T>, Name>;

type KindOfSome<T, Name extends PropertyKey> = [T] extends [(...args: any) => unknown]
  ? 'method'
  : [T] extends [PromiseLike<any>]
    ? 'many'
    : typeof json extends keyof T
      ? 'value'
      : typeof toOne extends keyof T
        ? 'one'
        : [T] extends [readonly (infer Item)[]]
          ? KindOfItems<Item>
          : KindOfObject<T, Name>;

type KindOfItems<Item> = KindOf<Item> extends 'value' ? 'value' : 'many';

// An object that may be a scalar too is the value of a transformer or JSON.
type KindOfObject<T, Name extends PropertyKey> = [Extract<T, Scalar | readonly unknown[]>] extends [never]
  ? string extends keyof T
    ? 'value'
    : [keyof T] extends [never]
      ? 'value'
      : IsEntity<T, Name> extends true
        ? 'one'
        : 'object'
  : 'value';

type IsEntity<T, Name extends PropertyKey> =
  Extract<'id' | 'uuid' | 'hasId' | `${Name & string}Id` | `${Name & string}_id`, keyof T> extends never
    ? true extends { [K in keyof T]-?: IsToMany<NonNullable<T[K]>> }[keyof T]
      ? true
      : false
    : true;

type IsToMany<T> = [T] extends [PromiseLike<any>]
  ? true
  : typeof json extends keyof T
    ? false
    : [T] extends [readonly (infer Item)[]]
      ? IsObject<Item>
      : false;

type IsObject<T> = 0 extends 1 & T
  ? false
  : unknown extends T
    ? false
    : [NonNullable<T>] extends [Scalar | readonly unknown[]]
      ? false
      : string extends keyof NonNullable<T>
        ? false
        : true;

/** The names of an entity's properties of some kinds. */
export type PropertyOf<E, Kind> = {
  [K in keyof E & string]-?: KindOf<E[K], K> extends Kind ? K : never;
}[keyof E & string];

/** Whether nothing is known of an entity: it is `any`, `unknown`, `object` or an `ObjectLiteral`. */
export type IsLoose<E> = 0 extends 1 & E
  ? true
  : string extends keyof E
    ? true
    : [keyof E] extends [never]
      ? true
      : false;
