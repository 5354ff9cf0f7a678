import { type AllOf, type Page, type PageOptions } from '../types/page.js';
import { MAX_LIMIT } from './checks.js';

/** The items of a list, read in pages of `options.limit`, by default the largest. */
export async function* allItems<T, O extends PageOptions>(
  options: AllOf<O>,
  read: (page: O) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read({ limit: MAX_LIMIT, ...options, cursor } as O);
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}
