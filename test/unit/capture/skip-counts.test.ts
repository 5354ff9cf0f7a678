import { describe, expect, it } from '@jest/globals';
import { SkipCounts } from '../../../src/capture/unit/skip-counts.js';

describe('SkipCounts', () => {
  const add = (counts: SkipCounts, times: number, rows: number | null = 2) =>
    Array.from({ length: times }, () => counts.add('1 insert without', rows)).filter(Boolean);

  it('has an event for each of the first 100 statements, then for twice as many each time', () => {
    const counts = new SkipCounts();
    expect(add(counts, 100)).toEqual(Array(100).fill({ statements: 1, rows: 2 }));
    expect(add(counts, 99)).toEqual([]);
    expect(add(counts, 1)).toEqual([{ statements: 100, rows: 200 }]);
    expect(add(counts, 600)).toEqual([
      { statements: 200, rows: 400 },
      { statements: 400, rows: 800 },
    ]);
    expect(add(counts, 99_200)).toHaveLength(6);
  });

  it('counts each kind by itself', () => {
    const counts = new SkipCounts();
    add(counts, 150);
    expect(counts.add('2 insert without', 7)).toEqual({ statements: 1, rows: 7 });
  });

  it('does not know the rows of statements of which one does not tell', () => {
    const counts = new SkipCounts();
    add(counts, 150);
    counts.add('1 insert without', null);
    expect(add(counts, 100)).toEqual([{ statements: 100, rows: null }]);
    expect(add(counts, 200)).toEqual([{ statements: 200, rows: 400 }]);
  });

  it('begins anew when events may be gone', () => {
    const counts = new SkipCounts();
    add(counts, 150);
    counts.clear();
    expect(add(counts, 1)).toEqual([{ statements: 1, rows: 2 }]);
  });
});
