import { inspect } from 'node:util';
import { InvalidArgumentError } from '../../audit.errors.js';
import { assertOptions, type OptionNames } from '../../option-names.js';
import { type AllOf, type Page, type PageOptions } from '../types/page.js';
import { MAX_LIMIT } from './checks.js';

export const PAGE_OPTIONS: OptionNames<PageOptions> = { limit: true, cursor: true };

/**
 * The items of a list, read in pages of `options.limit`, by default the largest.
 *
 * @param known the options of a page
 * @throws InvalidArgumentError naming 'options' or 'cursor', when the first item is asked for
 */
export async function* allItems<T, O extends PageOptions>(
  options: AllOf<O>,
  known: OptionNames<NoInfer<O>>,
  read: (page: O) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  assertOptions('options', options, known);
  assertNoCursor(options);
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read({ limit: MAX_LIMIT, ...options, cursor } as O);
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

function assertNoCursor({ cursor }: PageOptions): void {
  if (cursor === undefined || cursor === null) return;
  throw new InvalidArgumentError(
    'cursor',
    `must be left out of all(), which reads all pages, got ${inspect(cursor)}. Read a page to go on from there.`,
  );
}
