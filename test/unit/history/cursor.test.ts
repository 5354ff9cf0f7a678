import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { decodeCursor, encodeCursor } from '../../../src/history/arguments/cursor.js';

describe('a cursor', () => {
  it('leads back to its position', () => {
    expect(decodeCursor('a list', encodeCursor('a list', 41))).toBe(41);
  });

  it('fits into a URL', () => {
    expect(encodeCursor('a list', 2 ** 31 - 1)).toMatch(/^[\w-]+$/);
  });

  it.each([
    ['of another list', encodeCursor('another list', 41)],
    ['with something added', `${encodeCursor('a list', 41)}A`],
    ['with padding', `${encodeCursor('a list', 41)}=`],
    ['cut short', encodeCursor('a list', 41).slice(0, -2)],
    ['that is empty', ''],
    ['that is none', 'not a cursor'],
    ['that is a number', 41],
    ['that came twice', [encodeCursor('a list', 41)]],
  ])('is refused when it is one %s', (_, cursor) => {
    expect(() => decodeCursor('a list', cursor as string)).toThrow(InvalidArgumentError);
    expect(() => decodeCursor('a list', cursor as string)).toThrow(/^cursor must be /);
  });
});
