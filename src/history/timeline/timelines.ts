import { type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { hasChanged } from '../revisions/revision-conditions.js';
import { type Rows } from '../revisions/row-of.js';
import { type Versions } from '../revisions/row-revisions.js';
import { type Page } from '../types/page.js';
import { type Revision } from '../types/revision.js';
import { type TimelineOptions } from '../types/timeline.js';
import { pageOf, readTimeline } from './timeline.js';
import { endIn, filterOf, isFiltered, versionBound } from './timeline-filter.js';
import { timelineRequest, type TimelineRequest } from './timeline-request.js';

/** The first page of each of some rows of one table. @throws InvalidArgumentError naming the option */
export async function readTimelines<E extends ObjectLiteral>(
  { dataSource, plan, all, each: rows }: Rows<E>,
  options: TimelineOptions,
): Promise<Page<Revision<E>>[]> {
  assertFirstPage(options);
  const request = timelineRequest(dataSource, plan, '', options);
  if (rows.length === 0) return [];
  const [row] = rows;
  const requestOf = (n: number): TimelineRequest => timelineRequest(dataSource, plan, rows[n].name, options);
  const limit = request.limit + 1;
  if (!isFiltered(row, request)) {
    const found = await all.read({ order: request.descending ? 'DESC' : 'ASC', limit });
    return found.map((revisions, n) => pageOf({ revisions }, requestOf(n)));
  }
  const found = await all.read({ ...filterOf(row, request, versionBound(row, request)), limit });
  const areShort = found.some((revisions) => revisions.length < limit);
  const versions: (Versions | undefined)[] = areShort ? await all.versions() : [];
  const pages: Page<Revision<E>>[] = [];
  for (const [n, revisions] of found.entries()) {
    if (!revisions.every((revision) => hasChanged(revision, request.conditions)))
      // SQL has found more than is meant, so there may be more to look through.
      pages.push(await readTimeline(rows[n], options));
    else {
      const end =
        revisions.length < limit ? endIn(versions[n], request, revisions.at(-1)?.version) : undefined;
      pages.push(pageOf({ revisions, end }, requestOf(n)));
    }
  }
  return pages;
}

function assertFirstPage({ cursor }: TimelineOptions): void {
  if (cursor === undefined || cursor === null) return;
  throw new InvalidArgumentError(
    'cursor',
    'must be given with one id, got several ids. Each of them has a nextCursor of its own: go on with one id.',
  );
}
