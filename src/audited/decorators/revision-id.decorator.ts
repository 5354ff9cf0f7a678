import { Column, Index } from 'typeorm';
import { markProperty } from '../marks/marks.js';

/**
 * A unique column that always holds the `rev_id` of the row's newest revision, so that a row knows its revision without
 * a query. The library fills the column. A value that the application assigns is not written.
 *
 * Borrowed from sqlalchemy_audit, whose base tables have such a `rev_id`.
 *
 * @param options `name`: the column's name. Default: the name that the naming strategy gives the property
 * @throws AuditConfigurationError when the data source is initialised and the entity has a second `@RevisionId()`
 * @example
 * @RevisionId()
 * revisionId: string | null;
 * // after save(): reservation.revisionId === (await history.latest(Reservation, 1)).id
 */
export function RevisionId(options: { name?: string } = {}): PropertyDecorator {
  return (prototype, property) => {
    // TypeORM must neither insert nor update it: saving a stale instance would write an old id.
    Column({ ...options, type: 'varchar', length: 36, nullable: true, insert: false, update: false })(
      prototype,
      property,
    );
    Index({ unique: true })(prototype, property);
    markProperty('revision-id', prototype, String(property));
  };
}
