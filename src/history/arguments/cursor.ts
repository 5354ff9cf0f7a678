import { createHash } from 'node:crypto';
import { InvalidArgumentError } from '../../audit.errors.js';

// The greatest value of an integer column.
const MAX_POSITION = 2 ** 31 - 1;

/**
 * The position at which the next page begins, as text that is safe in a URL.
 *
 * @param list names the list, so that a cursor isn't accepted for another list
 * @param position of the last item on the page
 */
export function encodeCursor(list: string, position: number | string): string {
  return Buffer.from(`${fingerprint(list)}.${position}`).toString('base64url');
}

/** The number in a cursor. @throws InvalidArgumentError when it isn't a cursor of this list */
export function decodeCursor(list: string, cursor: string): number {
  const position = Number(positionIn(cursor));
  if (!Number.isInteger(position) || Math.abs(position) > MAX_POSITION) throw refusal(cursor);
  return canonical(list, cursor, position);
}

/** The text in a cursor. @throws InvalidArgumentError when it isn't a cursor of this list */
export function decodeTextCursor(list: string, cursor: string, shape: RegExp): string {
  const position = positionIn(cursor);
  if (!shape.test(position)) throw refusal(cursor);
  return canonical(list, cursor, position);
}

function positionIn(cursor: string): string {
  return Buffer.from(String(cursor), 'base64url').toString().split('.')[1] ?? '';
}

// base64url decoding is lenient, so encode the position again and compare.
function canonical<T extends number | string>(list: string, cursor: string, position: T): T {
  if (cursor !== encodeCursor(list, position)) throw refusal(cursor);
  return position;
}

function refusal(cursor: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'cursor',
    `must be a nextCursor of this list, got "${String(cursor)}". Give the one of the page before, and the arguments that it had.`,
  );
}

function fingerprint(list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, 8);
}
