import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AuditPlan } from '../../../src/audited/audit-plan.js';
import { rekey } from '../../../src/capture/rows/rekey.js';
import { type Key } from '../../../src/dialect/keys/key.js';

const plan = {} as AuditPlan;
const keysOf = (...values: unknown[]): Key[] => values.map((value) => [value]);
const moved = (before: readonly Key[], after: readonly Key[]) =>
  Object.fromEntries(
    rekey(plan, 'update', before, after).map(({ operation, keys }) => [
      operation,
      (keys as readonly Key[]).map(([value]) => value),
    ]),
  );

describe('rows whose keys an update may have changed', () => {
  it('are updated where the keys stayed', () => {
    const keys = keysOf(1, 2);
    expect(rekey(plan, 'update', keys, keys)).toEqual([{ plan, operation: 'update', keys }]);
    expect(moved(keysOf(1, 2), keysOf('1', '2'))).toEqual({ delete: [], update: ['1', '2'], insert: [] });
  });

  it('end the histories of their old keys, and begin those of the new', () => {
    expect(moved(keysOf(1, 2, 3), keysOf(1, 12, 13))).toEqual({
      delete: [2, 3],
      update: [1],
      insert: [12, 13],
    });
  });

  it('update a key that one row left and another took', () => {
    expect(moved(keysOf(1, 2), keysOf(2, 3))).toEqual({ delete: [1], update: [2], insert: [3] });
  });

  it('keep the operation of the statement', () => {
    const keys = keysOf(1);
    expect(rekey(plan, 'soft-delete', keys, keysOf(1))[1].operation).toBe('soft-delete');
  });

  it('delete, update and insert each key at most once, and no other', () => {
    const keys = fc.uniqueArray(fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(keys, keys, (before, after) => {
        const { delete: ended, update: stayed, insert: begun } = moved(keysOf(...before), keysOf(...after));
        expect([...ended, ...stayed].sort()).toEqual([...before].sort());
        expect([...stayed, ...begun].sort()).toEqual([...after].sort());
      }),
    );
  });
});
