import { type ObjectLiteral } from 'typeorm';
import { encodeCursor } from '../arguments/cursor.js';
import { type Page } from '../types/page.js';
import { type Revision } from '../types/revision.js';
import { type TimelineOptions } from '../types/timeline.js';
import { MAX_LIMIT } from '../arguments/checks.js';
import { hasChanged } from '../revisions/revision-conditions.js';
import { type RevisionFilter } from '../revisions/revision-select.js';
import { type RowRevisions } from '../revisions/row-revisions.js';
import { endIn, filterOf, isFiltered, versionBound } from './timeline-filter.js';
import { timelineRequest, type TimelineRequest } from './timeline-request.js';

/** The revisions of a page, and one extra revision if another page follows. */
export interface Found<E> {
  readonly revisions: Revision<E>[];
  /** The version at which the page ended early; undefined at the end of the timeline. */
  readonly end?: number;
}

/** One page of a row's revisions. @throws InvalidArgumentError naming the option */
export async function readTimeline<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  options: TimelineOptions,
): Promise<Page<Revision<E>>> {
  const request = timelineRequest(row.table.dataSource, row.plan, row.name, options);
  const found = await (isFiltered(row, request) ? readFiltered : readWhole)(row, request);
  return pageOf(found, request);
}

/** The page of what was found for it. */
export function pageOf<E>({ revisions, end }: Found<E>, { limit, list }: TimelineRequest): Page<Revision<E>> {
  const items = revisions.slice(0, limit);
  const last = revisions.length > limit ? items.at(-1)!.version : end;
  return { items, nextCursor: last === undefined ? null : encodeCursor(list, last) };
}

async function readFiltered<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  request: TimelineRequest,
): Promise<Found<E>> {
  const revisions: Revision<E>[] = [];
  const within = versionBound(row, request);
  let { after } = request;
  let limit = request.limit + 1;
  for (;;) {
    const read = await row.read({ ...filterOf(row, { ...request, after }, within), limit });
    revisions.push(...read.filter((revision) => hasChanged(revision, request.conditions)));
    if (revisions.length > request.limit) return { revisions };
    if (read.length < limit) {
      const end = endIn(await row.versions(), request, revisions.at(-1)?.version);
      return { revisions, end };
    }
    after = read.at(-1)!.version;
    limit = MAX_LIMIT + 1;
  }
}

// Without filters the page contains the predecessors. The predecessor at its edge is read along: newest first it is the
// extra revision, oldest first it is the revision of the cursor.
async function readWhole<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  { descending, after, limit }: TimelineRequest,
): Promise<Found<E>> {
  if (descending) {
    const rows = await readDown(row, after, limit + 1);
    return { revisions: row.reader.consecutive(rows.reverse()).reverse() };
  }
  const rows = await row.rows(
    after === undefined
      ? { order: 'ASC', limit: limit + 1 }
      : { where: ['r.rev_version >= {{after}}'], values: { after }, order: 'ASC', limit: limit + 2 },
  );
  const revisions = row.reader.consecutive(rows);
  return { revisions: after === undefined ? revisions : revisions.filter(({ version }) => version > after) };
}

async function readDown(
  row: RowRevisions<ObjectLiteral>,
  after: number | undefined,
  limit: number,
): Promise<Record<string, unknown>[]> {
  if (after === undefined) return row.rows({ order: 'DESC', limit });
  const before: RevisionFilter = {
    where: ['r.rev_version < {{after}}'],
    values: { after },
    order: 'DESC',
    limit,
  };
  // Versions have no gaps, so a lower bound doesn't change the result. Without it some optimizers start at the newest
  // revision and skip all revisions of earlier pages one by one.
  const from = after - limit;
  const rows = await row.rows({
    ...before,
    where: [...before.where!, 'r.rev_version >= {{from}}'],
    values: { after, from },
  });
  // After a prune there are gaps, so older versions may be left.
  return from > 0 && rows.length < limit ? row.rows(before) : rows;
}
