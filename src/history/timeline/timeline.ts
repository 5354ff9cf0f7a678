import { type ObjectLiteral } from 'typeorm';
import { encodeCursor } from '../arguments/cursor.js';
import { type Page } from '../types/page.js';
import { type Revision } from '../types/revision.js';
import { type TimelineOptions } from '../types/timeline.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { MAX_LIMIT } from '../arguments/checks.js';
import { changeCondition, newestVersion, type RevisionFilter } from '../revisions/revision-select.js';
import { type RowRevisions } from '../revisions/row-revisions.js';
import { timelineRequest, type TimelineRequest } from './timeline-request.js';

/** A filtered page looks through at most this many versions. Then it ends early. */
const MAX_LOOKED_THROUGH = 10_000;

/** The revisions of a page, and one extra revision if another page follows. */
interface Found<E> {
  readonly revisions: Revision<E>[];
  /** The version at which the page ended early; undefined at the end of the timeline. */
  readonly end?: number;
}

/** One page of a row's revisions. @throws InvalidArgumentError naming the option */
export async function readTimeline<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  options: TimelineOptions,
): Promise<Page<Revision<E>>> {
  const request = timelineRequest(row.plan, row.name, options);
  const { limit, list } = request;
  const { revisions, end } = await (row.ofClass || isFiltered(request) ? readFiltered : readWhole)(
    row,
    request,
  );
  const items = revisions.slice(0, limit);
  const last = revisions.length > limit ? items.at(-1)!.version : end;
  return { items, nextCursor: last === undefined ? null : encodeCursor(list, last) };
}

function isFiltered({ since, until, actor, changed }: TimelineRequest): boolean {
  return [since, until, actor, changed].some((filter) => filter !== undefined);
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
    revisions.push(...read.filter((revision) => isMeant(revision, request)));
    if (revisions.length > request.limit) return { revisions };
    if (read.length < limit) return { revisions, end: await endOf(row, request, revisions.at(-1)?.version) };
    after = read.at(-1)!.version;
    limit = MAX_LIMIT + 1;
  }
}

/** The versions that a filtered page looks through. Its filters have no index; versions have one, and no gaps. */
function versionBound(
  row: RowRevisions<ObjectLiteral>,
  { descending, after }: TimelineRequest,
): { condition: string; bound: number | undefined } {
  if (!descending)
    return { condition: 'r.rev_version <= {{bound}}', bound: (after ?? 0) + MAX_LOOKED_THROUGH };
  if (after !== undefined)
    return { condition: 'r.rev_version >= {{bound}}', bound: after - MAX_LOOKED_THROUGH };
  return {
    condition: `r.rev_version > (${newestVersion(row.table.dataSource, row.plan)}) - ${MAX_LOOKED_THROUGH}`,
    bound: undefined,
  };
}

/** The version at which a page ended early; undefined if no versions lie beyond. */
async function endOf(
  row: RowRevisions<ObjectLiteral>,
  { descending, after }: TimelineRequest,
  lastFound: number | undefined,
): Promise<number | undefined> {
  const versions = await row.versions();
  if (!versions) return undefined;
  const { first, newest } = versions;
  if (!descending) {
    const end = (after ?? 0) + MAX_LOOKED_THROUGH;
    return end < newest ? Math.max(end, first - 1) : undefined;
  }
  // Newer versions may have been added meanwhile. The page ended at its last revision or before.
  const end = Math.min((after ?? newest + 1) - MAX_LOOKED_THROUGH, lastFound ?? Infinity);
  return end > first ? end : undefined;
}

function filterOf(
  row: RowRevisions<ObjectLiteral>,
  { descending, after, since, until, actor, changed }: TimelineRequest,
  { condition, bound }: ReturnType<typeof versionBound>,
): RevisionFilter {
  const where = [condition];
  if (after !== undefined) where.push(`r.rev_version ${descending ? '<' : '>'} {{after}}`);
  if (since !== undefined) where.push('r.rev_created >= {{since}}');
  if (until !== undefined) where.push('r.rev_created < {{until}}');
  if (actor !== undefined)
    where.push(dialectOf(row.table.dataSource).types.sameText('r.rev_actor', '{{actor}}'));
  if (changed) where.push(changeCondition(row.table.dataSource, row.plan, changed));
  return { where, values: { bound, after, since, until, actor }, order: descending ? 'DESC' : 'ASC' };
}

// The database compares stored values. The caller sees hydrated values, so these decide.
function isMeant({ changes }: Revision, request: TimelineRequest): boolean {
  const names = request.changed?.map(({ propertyPath }) => propertyPath);
  return !names || changes.some(({ property }) => names.includes(property));
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
