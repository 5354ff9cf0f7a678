import { describe, expect, it } from '@jest/globals';
import { freeValues } from '../../../src/history/restore/free-values.js';

describe('free values of a column', () => {
  it.each([
    ['integer', '1', '7', ['8', '0']],
    ['bigint', '-9223372036854775808', '9007199254740993', ['9007199254740994', '-9223372036854775809']],
    ['numeric', '-1.50', '2.50', ['3', '-2']],
    ['double precision', '1e3', '2.5e3', ['2501', '999']],
    ['int', null, null, ['1', '-1']],
    ['date', '2026-01-01', '2026-12-31', ['2027-01-01', '2025-12-31']],
    [
      'timestamp with time zone',
      '2026-03-01 00:00:00+00',
      '2026-02-28 10:00:00+00',
      ['2026-03-01', '2026-02-28'],
    ],
    ['timestamp', 'infinity', 'infinity', []],
    ['boolean', null, null, []],
    ['json', null, null, []],
  ])('of type %s from %s to %s lie beside them', (type, least, greatest, free) => {
    expect(freeValues({ type }, least, greatest)).toEqual(free);
  });

  it('fit into the column', () => {
    for (const text of freeValues({ type: 'character varying', length: '3' }, null, null))
      expect(text).toMatch(/^[\da-f]{3}$/);
    expect(freeValues({ type: 'text' }, null, null)[0]).toHaveLength(32);
    expect(freeValues({ type: 'enum', enum: ['a', 1] }, null, null)).toEqual(['a', '1']);
    expect(freeValues({ type: 'uuid' }, null, null)[0]).toMatch(/^[\da-f-]{36}$/);
    expect(freeValues({ type: 'binary', length: '4' }, null, null)[0]).toHaveLength(4);
  });
});
