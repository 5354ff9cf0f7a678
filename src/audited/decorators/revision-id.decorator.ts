import { Column, Index } from 'typeorm';
import { markProperty } from '../marks/marks.js';

/**
 * A unique column that always holds the `rev_id` of the row's newest revision, so that a row knows its
 * revision without a query. The library fills it; what an application assigns is not written.
 *
 * Borrowed from sqlalchemy_audit, whose base tables have such a `rev_id`.
 *
 * @param options `name`: the column's name. Default: the naming strategy's for the property
 * @example
 * @RevisionId()
 * revisionId: string | null;
 * // after save(): reservation.revisionId === (await history.latest(Reservation, 1)).id
 */
export function RevisionId(options: { name?: string } = {}): PropertyDecorator {
  return (prototype, property) => {
    // Neither inserted nor updated by TypeORM, or saving a stale instance would put an old id back.
    Column({ ...options, type: 'varchar', length: 36, nullable: true, insert: false, update: false })(
      prototype,
      property,
    );
    Index({ unique: true })(prototype, property);
    markProperty('revision-id', prototype, String(property));
  };
}
