import { type ObjectLiteral } from 'typeorm';

/**
 * The key of an entity: the value of its primary column, or an object of its key columns. A composite key is always an
 * object. The entity itself will do.
 *
 * @example 1 · { orderId: 1, line: 2 } · { guest: { id: 1 } } · { guest_fk: 1 }
 */
export type EntityId =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  // Neither an array nor a Map.
  | (ObjectLiteral & { readonly [Symbol.iterator]?: never });
