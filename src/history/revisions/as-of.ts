import { type ObjectLiteral } from 'typeorm';
import { endOf } from '../arguments/moment.js';
import { type Revision } from '../history.types.js';
import { type RevisionFilter } from './revision-select.js';
import { type RowRevisions } from './row-revisions.js';
import { validDate } from '../timeline/timeline-request.js';
import { assertVersion } from '../arguments/version.js';

/** The row's entity as it was, or null if it did not exist then. @throws InvalidArgumentError */
export async function readAsOf<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  at: Date | number | Pick<Revision, 'version'>,
): Promise<E | null> {
  const [revision] = await row.rows(asOf(row, at));
  return revision ? row.reader.entity(revision) : null;
}

/** Which of a row's revisions was its newest at a moment. @throws InvalidArgumentError */
export function asOf(row: RowRevisions<any>, at: Date | number | Pick<Revision, 'version'>): RevisionFilter {
  if (at instanceof Date) return row.before(endOf(validDate('at', at)));
  const version = typeof at === 'object' ? (at as Pick<Revision, 'version'> | null)?.version : at;
  assertVersion('at', version);
  return ofVersion(version);
}

/** The revision of a version. */
export function ofVersion(version: number): RevisionFilter {
  return { where: ['r.rev_version = {{version}}'], values: { version } };
}
