import { type ObjectLiteral } from 'typeorm';
import { encodeCursor } from './cursor.js';
import { type Page, type Revision, type TimelineOptions } from './revision.js';
import { type RowRevisions } from './row-revisions.js';
import { MAX_LIMIT, timelineRequest, type TimelineRequest } from './timeline-request.js';

/** One page of a row's revisions. @throws InvalidArgumentError naming the option */
export async function readTimeline<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  options: TimelineOptions,
): Promise<Page<Revision<E>>> {
  const request = timelineRequest(row.plan, row.name, options);
  const { limit } = request;
  const found: Revision<E>[] = [];
  let { after } = request;
  // One more than the page has, to know whether another follows.
  let wanted = limit + 1;
  let window = windowStart(request, wanted);
  for (;;) {
    const read = await readPart(row, request, after, window, wanted);
    found.push(...read.filter((revision) => isMeant(revision, request)));
    if (found.length > limit || (read.length < wanted && window === undefined)) break;
    after = read.at(-1)?.version ?? after;
    wanted = MAX_LIMIT + 1;
    window = undefined;
  }
  const items = found.slice(0, limit);
  return {
    items,
    nextCursor: found.length > limit ? encodeCursor(request.list, items.at(-1)!.version) : null,
  };
}

// Versions have no gaps, so where nothing is filtered the next revisions are those of the next versions. Some
// optimizers have to be told, or they begin at the newest revision and pass over all that earlier pages have had.
// When there are fewer than that, after a prune, the rest is looked for without.
function windowStart(request: TimelineRequest, wanted: number): number | undefined {
  const { after, descending, since, until, actor, changed } = request;
  const isFiltered = [since, until, actor, changed].some((filter) => filter !== undefined);
  return !isFiltered && descending && after !== undefined && after > wanted ? after - wanted : undefined;
}

function readPart<E extends ObjectLiteral>(
  row: RowRevisions<E>,
  { descending, since, until, actor, changed }: TimelineRequest,
  after: number | undefined,
  window: number | undefined,
  wanted: number,
): Promise<Revision<E>[]> {
  const query = row.select();
  if (after !== undefined) query.andWhere(`r.revVersion ${descending ? '<' : '>'} :after`, { after });
  if (window !== undefined) query.andWhere('r.revVersion >= :window', { window });
  if (since !== undefined) query.andWhere('r.revCreated >= :since', { since });
  if (until !== undefined) query.andWhere('r.revCreated < :until', { until });
  if (actor !== undefined) query.andWhere('r.revActor = :actor', { actor });
  if (changed) row.whereChanged(query, changed);
  return row.read(query.orderBy('r.revVersion', descending ? 'DESC' : 'ASC').limit(wanted));
}

// The database compares an actor by its collation and a property by its bytes; what is shown has the last word.
function isMeant({ actor, changes }: Revision, request: TimelineRequest): boolean {
  if (request.actor !== undefined && actor !== request.actor) return false;
  const names = request.changed?.map(({ propertyPath }) => propertyPath);
  return !names || changes.some(({ property }) => names.includes(property));
}
