import { assertLimit, DEFAULT_LIMIT } from '../../history/arguments/checks.js';
import { type Page, type Revision } from '../../history/history.types.js';
import { sizeOf } from './large-values.js';

/** How many revisions are read first, whose sizes aren't known. */
const FIRST_PORTION = 10;
/** About how many bytes of revisions are in memory at a time. */
const PORTION_BYTES = 4 * 1024 * 1024;
/** A page ends early when it has read so many bytes of revisions. */
const PAGE_BYTES = 16 * 1024 * 1024;

/**
 * A page that is bounded in bytes too: it is read in portions, as large as the revisions so far let expect, and may end
 * before `limit` with a cursor that goes on where it stopped.
 *
 * @param read reads a portion
 * @param show what the page has in place of a revision
 * @throws InvalidArgumentError
 */
export async function boundedPage<T>(
  { limit = DEFAULT_LIMIT, cursor }: { limit?: number; cursor?: string | null },
  read: (portion: { limit: number; cursor?: string | null }) => Promise<Page<Revision>>,
  show: (revision: Revision) => T,
): Promise<Page<T>> {
  assertLimit(limit);
  const items: T[] = [];
  let bytes = 0;
  let portion = FIRST_PORTION;
  let next = cursor;
  for (;;) {
    const asked = Math.min(portion, limit - items.length);
    const page = await read({ limit: asked, cursor: next });
    for (const revision of page.items) {
      bytes += sizeOf(revision.snapshot) + sizeOf(revision.changes);
      items.push(show(revision));
    }
    next = page.nextCursor;
    const isEnd = next === null || items.length >= limit || bytes >= PAGE_BYTES;
    // Or history ended its page early, because it had looked through enough.
    if (isEnd || page.items.length < asked) return { items, nextCursor: next };
    portion = Math.max(1, Math.floor((PORTION_BYTES * items.length) / Math.max(bytes, 1)));
  }
}
