import { type ObjectLiteral } from 'typeorm';
import { encodeCursor } from './cursor.js';
import { type Page, type Revision, type TimelineOptions } from './revision.js';
import { type RevisionFilter } from './revision-select.js';
import { type RowRevisions } from './row-revisions.js';
import { MAX_LIMIT, timelineRequest, type TimelineRequest } from './timeline-request.js';

/** One page of a row's revisions. @throws InvalidArgumentError naming the option */
export async function readTimeline<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  options: TimelineOptions,
): Promise<Page<Revision<E>>> {
  const request = timelineRequest(row.plan, row.name, options);
  const { limit, list } = request;
  const found = await (row.ofClass || isFiltered(request) ? readFiltered : readWhole)(row, request);
  const items = found.slice(0, limit);
  return { items, nextCursor: found.length > limit ? encodeCursor(list, items.at(-1)!.version) : null };
}

function isFiltered({ since, until, actor, changed }: TimelineRequest): boolean {
  return [since, until, actor, changed].some((filter) => filter !== undefined);
}

// One more than the page has, where there is one: to know whether another follows.
async function readFiltered<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  request: TimelineRequest,
): Promise<Revision<E>[]> {
  const found: Revision<E>[] = [];
  let { after } = request;
  let limit = request.limit + 1;
  for (;;) {
    const read = await row.read({ ...filterOf(row, { ...request, after }), limit });
    found.push(...read.filter((revision) => isMeant(revision, request)));
    if (found.length > request.limit || read.length < limit) return found;
    after = read.at(-1)!.version;
    limit = MAX_LIMIT + 1;
  }
}

function filterOf(
  row: RowRevisions<ObjectLiteral>,
  { descending, after, since, until, actor, changed }: TimelineRequest,
): RevisionFilter {
  const where: string[] = [];
  if (after !== undefined) where.push(`r.rev_version ${descending ? '<' : '>'} {{after}}`);
  if (since !== undefined) where.push('r.rev_created >= {{since}}');
  if (until !== undefined) where.push('r.rev_created < {{until}}');
  if (actor !== undefined) where.push('r.rev_actor = {{actor}}');
  if (changed) where.push(row.changed(changed));
  return { where, values: { after, since, until, actor }, order: descending ? 'DESC' : 'ASC' };
}

// The database compares an actor by its collation and a property by its bytes; what is shown has the last word.
function isMeant({ actor, changes }: Revision, request: TimelineRequest): boolean {
  if (request.actor !== undefined && actor !== request.actor) return false;
  const names = request.changed?.map(({ propertyPath }) => propertyPath);
  return !names || changes.some(({ property }) => names.includes(property));
}

// Where nothing is filtered the predecessors are on the page themselves, and those of its ends are read with it: of
// newest first the one more, of oldest first the one that the cursor is of.
async function readWhole<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  { descending, after, limit }: TimelineRequest,
): Promise<Revision<E>[]> {
  if (descending) return row.reader.consecutive((await readDown(row, after, limit + 1)).reverse()).reverse();
  const rows = await row.rows(
    after === undefined
      ? { order: 'ASC', limit: limit + 1 }
      : { where: ['r.rev_version >= {{after}}'], values: { after }, order: 'ASC', limit: limit + 2 },
  );
  const revisions = row.reader.consecutive(rows);
  return after === undefined ? revisions : revisions.filter(({ version }) => version > after);
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
  // Versions have no gaps, so these are those of the next versions. Some optimizers have to be told, or they begin at
  // the newest revision and pass over all that earlier pages have had.
  const from = after - limit;
  const rows = await row.rows({
    ...before,
    where: [...before.where!, 'r.rev_version >= {{from}}'],
    values: { after, from },
  });
  // Fewer, after a prune: then there may be others before.
  return from > 0 && rows.length < limit ? row.rows(before) : rows;
}
