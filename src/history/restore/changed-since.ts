import { type ObjectLiteral } from 'typeorm';
import { type Revision } from '../types/revision.js';
import { type RowRevisions } from '../revisions/row-revisions.js';

/** The most revisions that one conflict shows. */
const MOST_SHOWN = 20;

/** The revisions of a row after a version, newest first, at most 20. */
export function revisionsSince<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  version: number,
): Promise<Revision<E>[]> {
  return row.read({
    where: ['r.rev_version > {{version}}'],
    values: { version },
    order: 'DESC',
    limit: MOST_SHOWN,
  });
}
