import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type PlanSql } from '../../../src/audited/plan-sql.js';
import { KeyOrder } from '../../../src/maintenance/session/key-order.js';

const orderOf = (width: number, alias: 't' | 'r'): KeyOrder => {
  const keys = Array.from({ length: width }, (_, n) => ({ name: `c${n}`, source: {} }));
  return new KeyOrder(
    {
      plan: { keys },
      column: ({ name }: { name: string }) => name,
      dialect: {
        keys: { value: (value: string) => value, ordered: (name: string) => name },
        types: { toCopy: (value: string) => `copied(${value})` },
      },
    } as unknown as PlanSql,
    alias,
  );
};

/** Whether the SQL is true of a row, behind or at a key. */
function holds(sql: string, row: readonly number[], after: Record<string, unknown>): boolean {
  const comparison = sql
    .replace(/t\.c(\d+)/g, (_, n: string) => String(row[Number(n)]))
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(after[name]))
    .replaceAll('AND', '&&')
    .replaceAll('OR', '||');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  return new Function(`return ${comparison}`)() as boolean;
}

const compare = (one: readonly number[], other: readonly number[]): number => {
  const n = one.findIndex((value, at) => value !== other[at]);
  return n === -1 ? 0 : one[n] - other[n];
};

describe('the rows behind a key', () => {
  it('are those whose keys come after it, column by column', () => {
    const keys = fc.integer({ min: 1, max: 4 }).chain((width) => {
      const key = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: width, maxLength: width });
      return fc.tuple(key, key);
    });
    fc.assert(
      fc.property(keys, ([row, after]) => {
        const order = orderOf(after.length, 't');
        const bound = order.bind(after);
        expect(holds(order.from(), row, bound)).toBe(compare(row, after) > 0);
        expect(holds(order.from(true), row, bound)).toBe(compare(row, after) >= 0);
      }),
    );
  });

  it('are found by the first column alone, for the sake of indexes', () => {
    expect(orderOf(2, 't').from()).toBe('t.c0 >= {{after0}} AND (t.c0 > {{after0}} OR (t.c1 > {{after1}}))');
  });

  it('are those of the revision table by the values of its copies', () => {
    const order = orderOf(2, 'r');
    expect(order.columns).toBe('r.c0, r.c1');
    expect(order.from()).toContain('r.c1 > copied({{after1}})');
  });
});
