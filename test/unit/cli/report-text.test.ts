import { describe, expect, it } from '@jest/globals';
import { verifyText } from '../../../src/cli/report-text.js';

const seats = { table: 'seat', rows: 5000, histories: 0 };

describe('the text of a verification', () => {
  it('says that there are no differences', () => {
    expect(verifyText({ ok: true, isComplete: true, findings: [], tables: [seats] })).toBe(
      'seat: 5000 rows, 0 histories\nNo differences.',
    );
  });

  it('says how to go on when the time was up', () => {
    const rest = { isComplete: false, next: 'WyJzZWF0Il0', tables: [seats] };
    expect(verifyText({ ...rest, ok: true, findings: [] })).toBe(
      'seat: 5000 rows, 0 histories\nNo differences so far.\nThe time is up. Go on with --from WyJzZWF0Il0',
    );
    const stale = { table: 'seat', kind: 'stale', count: 2, keys: [{ id: 7 }] } as const;
    expect(verifyText({ ...rest, ok: false, findings: [{ ...stale, keys: [{ id: 7 }] }] })).toBe(
      'seat: 5000 rows, 0 histories\nseat: 2 stale\n  { id: 7 }\n  and 1 more\n' +
        'There are differences so far.\nThe time is up. Go on with --from WyJzZWF0Il0',
    );
  });

  it('lists what revisions do not know, and what migrations have emptied, apart from differences', () => {
    const text = verifyText({
      ok: true,
      isComplete: true,
      findings: [],
      tables: [{ table: 'item', rows: 3, histories: 4 }],
      unknown: [{ table: 'item', column: 'size', revisions: 7 }],
      emptied: [{ table: 'item', column: 'note', rows: 2, at: new Date('2026-11-30T17:00:00Z') }],
    });
    expect(text.split('\n')).toEqual([
      'item: 3 rows, 4 histories',
      'item.size: unknown in 7 revisions',
      'item.note: emptied by a migration at 2026-11-30T17:00:00.000Z, 2 rows had a value',
      'No differences.',
    ]);
  });
});
