import { createHash } from 'node:crypto';
import { InvalidArgumentError } from '../audit.errors.js';

/**
 * Where the next page begins, as text that fits into a URL.
 *
 * @param list what is being paged, so that a cursor isn't taken for another list
 * @param position of the last item on the page
 */
export function encodeCursor(list: string, position: number): string {
  return Buffer.from(`${fingerprint(list)}.${position}`).toString('base64url');
}

/** The position in a cursor. @throws InvalidArgumentError when it isn't one of this list */
export function decodeCursor(list: string, cursor: string): number {
  const position = Number(Buffer.from(String(cursor), 'base64url').toString().split('.')[1]);
  // Decoding is lenient, so compare with what it should have been.
  if (!Number.isInteger(position) || cursor !== encodeCursor(list, position))
    throw new InvalidArgumentError(
      'cursor',
      `"${String(cursor)}" is no cursor of this list. Give the nextCursor of its last page, with the same entity, id and order.`,
    );
  return position;
}

function fingerprint(list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, 8);
}
