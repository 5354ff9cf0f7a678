import { assertLimit, DEFAULT_LIMIT } from '../../history/arguments/checks.js';
import { type FeedItem } from '../../history/types/feed.js';
import { type Page } from '../../history/types/page.js';
import { type Revision } from '../../history/types/revision.js';
import { sizeOf } from './large-values.js';

/** The number of revisions in the first portion, whose sizes are unknown. */
const FIRST_PORTION = 10;
/** The approximate number of bytes of revisions in memory at a time. */
const PORTION_BYTES = 4 * 1024 * 1024;
/** A page ends early after this many bytes of revisions. */
const PAGE_BYTES = 16 * 1024 * 1024;

/**
 * A page that is limited in bytes too. It is read in portions, sized by the revisions read so far. It may end before
 * `limit`; its cursor continues there.
 *
 * @param read reads a portion
 * @param show turns a revision or event into an item of the page
 * @throws InvalidArgumentError
 */
export async function boundedPage<I extends Revision | FeedItem, T>(
  { limit = DEFAULT_LIMIT, cursor }: { limit?: number; cursor?: string | null },
  read: (portion: { limit: number; cursor?: string | null }) => Promise<Page<I>>,
  show: (item: I) => T,
): Promise<Page<T>> {
  assertLimit(limit);
  const items: T[] = [];
  let bytes = 0;
  let portion = FIRST_PORTION;
  let next = cursor;
  for (;;) {
    const asked = Math.min(portion, limit - items.length);
    const page = await read({ limit: asked, cursor: next });
    for (const item of page.items) {
      bytes += 'details' in item ? sizeOf(item.details) : sizeOf(item.snapshot) + sizeOf(item.changes);
      items.push(show(item));
    }
    next = page.nextCursor;
    const isEnd = next === null || items.length >= limit || bytes >= PAGE_BYTES;
    // A short portion: history ended its page early, because its filter had looked through enough revisions.
    if (isEnd || page.items.length < asked) return { items, nextCursor: next };
    portion = Math.max(1, Math.floor((PORTION_BYTES * items.length) / Math.max(bytes, 1)));
  }
}
