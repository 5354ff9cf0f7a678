import { type EntitySchema, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type IsLoose } from '../../revision/types/property-kind.js';
import { type FeedRevision } from './feed-revision.js';

/** The entities of a feed: a list, or an object that has each under its audited name. */
export type FeedEntities =
  readonly EntityTarget<any>[] | { readonly [auditedName: string]: EntityTarget<any> };

/**
 * The revisions of the entities of a feed, as a union.
 *
 * @example
 * RevisionOf<[typeof Order, typeof Guest]> // → FeedRevision<Order> | FeedRevision<Guest>
 * RevisionOf<{ order: typeof Order }> // → FeedRevision<Order, 'order'>
 */
export type RevisionOf<Entities extends FeedEntities> = Entities extends readonly (infer Target)[]
  ? RevisionOfTarget<Target, string>
  : { [Name in keyof Entities & string]: RevisionOfTarget<Entities[Name], Name> }[keyof Entities & string];

type RevisionOfTarget<Target, Name extends string> = Target extends
  (abstract new (...args: any) => infer E) | EntitySchema<infer E> | { type: infer E; name: string }
  ? IsLoose<E> extends true
    ? FeedRevision<ObjectLiteral, Name>
    : FeedRevision<E, Name>
  : FeedRevision<ObjectLiteral, Name>;

/** The entity of a feed, whose properties its filters name; of several their union, and of names any. */
export type EntityIn<Entities extends FeedEntities> =
  RevisionOf<Entities> extends FeedRevision<infer E> ? E : any;
