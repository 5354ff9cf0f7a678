import { type ObjectLiteral } from 'typeorm';
import { endOf } from './moment.js';
import { type Revision } from './revision.js';
import { type RevisionQuery } from './revision-select.js';
import { type RowRevisions } from './row-revisions.js';
import { validDate } from './timeline-request.js';
import { assertVersion } from './version.js';

/** The row's entity as it was, or null if it did not exist then. @throws InvalidArgumentError */
export async function readAsOf<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  at: Date | number | Pick<Revision, 'version'>,
): Promise<E | null> {
  const [revision] = await row.rows(selectAsOf(row.select(), at));
  return revision ? row.reader.entity(revision) : null;
}

/** Narrows the revisions of a row to the one that was its newest at a moment. @throws InvalidArgumentError */
export function selectAsOf(
  query: RevisionQuery,
  at: Date | number | Pick<Revision, 'version'>,
): RevisionQuery {
  if (at instanceof Date)
    return query
      .andWhere('r.revCreated < :end', { end: endOf(validDate('at', at)) })
      .orderBy('r.revVersion', 'DESC')
      .limit(1);
  const version = typeof at === 'object' ? (at as Pick<Revision, 'version'> | null)?.version : at;
  assertVersion('at', version);
  return query.andWhere('r.revVersion = :version', { version });
}
