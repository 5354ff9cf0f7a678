import { expect, it } from '@jest/globals';
import { verifyText } from '../../../src/cli/report-text.js';

it('lists what revisions do not know, and what migrations have emptied, apart from differences', () => {
  const text = verifyText({
    ok: true,
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
