import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonWithin, sizeOf } from '../../../src/http/show/large-values.js';

describe('the size of a value', () => {
  it.each([
    ['text in bytes, not in characters', 'é€', 5],
    ['bytes', Buffer.alloc(3), 3],
    ['a number', 12345, 8],
    ['null', null, 8],
    ['a date', new Date(0), 8],
    ['a list', ['ab', 1], 8 + 2 + 8 + 8],
    ['an object', { name: 'ab' }, 8 + 2],
  ])('is that of %s', (_, value, bytes) => {
    expect(sizeOf(value)).toBe(bytes);
  });

  it('grows with each member', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (list, more) => {
        expect(sizeOf([...list, more])).toBeGreaterThan(sizeOf(list));
      }),
    );
  });
});

describe('a value within a limit', () => {
  const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

  it('is shown as JSON has it', () => {
    expect(jsonWithin(8, new Date(0), '/x')).toBe('1970-01-01T00:00:00.000Z');
    expect(jsonWithin(2, 'é', '/x')).toBe('é');
  });

  it('is named by its bytes and its digest where it has more', () => {
    expect(jsonWithin(1, 'é', '/x')).toEqual({ bytes: 2, sha256: sha256('é'), href: '/x' });
    expect(jsonWithin(1, Buffer.from([1, 2]), null)).toEqual({
      bytes: 2,
      sha256: sha256(Buffer.from([1, 2])),
      href: null,
    });
    expect(jsonWithin(1, { a: 1n }, '/x')).toEqual({ bytes: 9, sha256: sha256('{"a":"1"}'), href: '/x' });
  });
});
