import { decodeTextCursor, encodeCursor } from '../arguments/cursor.js';
import { UUID } from '../arguments/checks.js';

/**
 * Where a page of a feed begins: behind a revision, in the order of `rev_id`, newest first; or with `transaction`, in
 * the order of transactions, newest first, and of `rev_id` in each.
 */
export interface Position {
  /** Undefined for the first page. */
  readonly id: string | undefined;
  readonly transaction?: string;
}

/** The first page. */
export const NO_POSITION: Position = { id: undefined };

/** Before all uuids. */
export const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

/** The list name in the cursors of feeds. All filters share it, because a position is a `rev_id`. */
const FEED = 'feed';
const BY_TRANSACTION = 'feed by transaction';

const uuid = UUID.source.slice(1, -1);
const PAIR = new RegExp(`^${uuid}:${uuid}$`);

export function cursorAt({ id, transaction }: Position): string | null {
  if (id === undefined) return null;
  return transaction === undefined
    ? encodeCursor(FEED, id)
    : encodeCursor(BY_TRANSACTION, `${transaction}:${id}`);
}

/** @throws InvalidArgumentError naming 'cursor' */
export function positionIn(cursor: string): Position {
  // Its length tells the list, because all positions of a list are as long.
  if (String(cursor).length <= 70) return { id: decodeTextCursor(FEED, cursor, UUID) };
  const [transaction, id] = decodeTextCursor(BY_TRANSACTION, cursor, PAIR).split(':');
  return { id, transaction };
}
