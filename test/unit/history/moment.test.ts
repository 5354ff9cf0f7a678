import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { beginningOf, dateOf, endOf } from '../../../src/history/arguments/moment.js';

describe('a moment', () => {
  const created = fc
    .integer({ min: 0, max: 4_102_444_800_000_000 })
    .map((microseconds) => microseconds / 1_000_000);

  it('lies within the millisecond of its Date', () => {
    fc.assert(
      fc.property(created, (revCreated) => {
        const date = dateOf(revCreated);
        expect(beginningOf(date)).toBeLessThanOrEqual(revCreated);
        expect(endOf(date)).toBeGreaterThan(revCreated);
      }),
    );
  });

  it('has the Date that it was made of', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (milliseconds) => {
        expect(dateOf(milliseconds / 1000)).toEqual(new Date(milliseconds));
      }),
    );
  });

  it('drops microseconds, whatever their binary fraction', () => {
    expect(dateOf(1_700_000_000.123_999)).toEqual(new Date(1_700_000_000_123));
    expect(dateOf(1_700_000_000.123_001)).toEqual(new Date(1_700_000_000_123));
    expect(dateOf(1_700_000_000.123)).toEqual(new Date(1_700_000_000_123));
  });
});
