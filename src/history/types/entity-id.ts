import { type JoinColumns } from '../../revision/types/join-column.js';
import { type IsLoose, type KindOf, type Scalar } from '../../revision/types/property-kind.js';

/**
 * The key of an entity: the value of its primary column, or an object of its key columns. A composite key is always an
 * object. The entity itself will do.
 *
 * @example 1 · { orderId: 1, line: 2 } · { guest: { id: 1 } } · { guest_fk: 1 }
 */
export type EntityId<E = any> =
  Scalar | (IsLoose<E> extends true ? { readonly [property: string]: any } & NoCollection : KeyOf<E>);

// Arrays, maps, promises and functions have one of these.
interface NoCollection {
  readonly [Symbol.iterator]?: never;
  readonly [Symbol.toStringTag]?: never;
  readonly apply?: never;
}

// An interface fits no pattern of join columns, so that the key is there without them too.
type KeyOf<E> = KeyParts<E> | (KeyParts<E> & Partial<JoinColumns<E>>) | KeyValue<E>;

type KeyParts<E> = NoCollection & { readonly [K in keyof E]?: KeyPart<E[K]> };

type KeyPart<T> =
  T | Scalar | null | undefined | (NonNullable<T> extends Scalar ? never : PartOf<NonNullable<T>>);

type PartOf<T> = { readonly [K in keyof T]?: unknown };

// The key that a transformer makes may be any object.
type KeyValue<E> = {
  [K in keyof E]-?: KindOf<E[K], K> extends 'object' ? NonNullable<E[K]> : never;
}[keyof E];

/**
 * The type of the ids in a list, for a `Map` by them: a literal's is that of its values.
 *
 * @example IdIn<1 | 2> // → number
 */
export type IdIn<Id> = Id extends number
  ? number
  : Id extends string
    ? string
    : Id extends bigint
      ? bigint
      : Id;
