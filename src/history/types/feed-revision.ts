import { type ObjectLiteral } from 'typeorm';
import { type Revision } from './revision.js';

/** A revision of a feed or a transaction, with what its changeset says. */
export interface FeedRevision<E = ObjectLiteral, Name extends string = string> extends Revision<E, Name> {
  kind: 'revision';
  /** What was done, by name: `order.cancel`. */
  action: string | null;
  /** The id of the request or trace. */
  request: string | null;
  /** Who is acted for. */
  onBehalf: string | null;
}
