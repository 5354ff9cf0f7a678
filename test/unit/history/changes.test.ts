import { describe, expect, it } from '@jest/globals';
import { changesBetween, changesOf, type State } from '../../../src/history/reader/changes.js';

class Money {
  readonly #cents: number;

  constructor(cents: number) {
    this.#cents = cents;
  }

  equals(other: Money): boolean {
    return this.#cents === other.#cents;
  }
}

function stateOf(values: Record<string, unknown>): State {
  return { values, nulls: new Set(Object.keys(values).filter((name) => values[name] === null)) };
}

function changedFromTo(from: unknown, to: unknown): boolean {
  return changesBetween(stateOf({ value: from }), stateOf({ value: to }), ['value']).length > 0;
}

describe('changesBetween', () => {
  it('lists what differs, in the order of the properties', () => {
    const before = stateOf({ party: 6, name: 'Ann', note: null });
    const after = stateOf({ party: 4, name: 'Ann', note: 'late' });
    expect(changesBetween(before, after, ['note', 'name', 'party'])).toEqual([
      { property: 'note', from: null, to: 'late' },
      { property: 'party', from: 6, to: 4 },
    ]);
  });

  it('takes what is missing for null', () => {
    const [before, after] = [stateOf({ a: undefined }), stateOf({ b: null, c: 1 })];
    expect(changesBetween(before, after, ['a', 'b', 'c'])).toEqual([{ property: 'c', from: null, to: 1 }]);
  });

  it('takes all for null where the entity does not exist', () => {
    const state = stateOf({ party: 6, note: null });
    expect(changesBetween(null, state, ['party', 'note'])).toEqual([
      { property: 'party', from: null, to: 6 },
    ]);
    expect(changesBetween(state, null, ['party', 'note'])).toEqual([
      { property: 'party', from: 6, to: null },
    ]);
    expect(changesBetween(null, null, ['party', 'note'])).toEqual([]);
  });

  it('goes by what is null in the database there', () => {
    const empty: State = { values: { tags: [] }, nulls: new Set(['tags']) };
    const none = stateOf({ tags: [] });
    expect(changesBetween(null, empty, ['tags'])).toEqual([]);
    expect(changesBetween(null, none, ['tags'])).toEqual([{ property: 'tags', from: null, to: [] }]);
    expect(changesBetween(null, { values: { json: null }, nulls: new Set() }, ['json'])).toEqual([]);
    expect(changesBetween(empty, none, ['tags'])).toEqual([]);
  });

  it('tells JSON null from NULL, where nothing else does', () => {
    const none = stateOf({ json: null });
    const json: State = { values: { json: null }, nulls: new Set(), jsonNulls: new Set(['json']) };
    const change = { property: 'json', from: null, to: null };
    expect(changesBetween(none, json, ['json'])).toEqual([{ ...change, jsonNull: 'to' }]);
    expect(changesBetween(json, none, ['json'])).toEqual([{ ...change, jsonNull: 'from' }]);
    expect(changesBetween(json, json, ['json'])).toEqual([]);
    expect(changesBetween(json, stateOf({ json: 1 }), ['json'])).toEqual([{ ...change, to: 1 }]);
    expect(changesBetween(null, json, ['json'])).toEqual([]);
  });

  it.each([
    ['dates of the same time', new Date(5), new Date(5)],
    ['the same bytes', Buffer.from('ab'), Buffer.from('ab')],
    ['json with its keys in another order', { a: 1, b: [2] }, { b: [2], a: 1 }],
    ['0 and -0', 0, -0],
    ['NaN and NaN', NaN, NaN],
    ['objects that say so', new Money(5), new Money(5)],
  ])('finds no difference in %s', (_, from, to) => {
    expect(changedFromTo(from, to)).toBe(false);
  });

  it.each([
    ['dates', new Date(5), new Date(6)],
    ['bytes', Buffer.from('ab'), Buffer.from('ac')],
    ['json', { a: [1, 2] }, { a: [2, 1] }],
    ['bigints', '9007199254740993', '9007199254740992'],
    ['a number and its text', 1, '1'],
    ['null and nothing much', null, ''],
    ['case', 'a', 'A'],
    ['objects with private values', new Money(5), new Money(6)],
    ['an object with equals() and none', new Money(5), null],
    ['bytes and text', Buffer.from('ab'), 'ab'],
  ])('finds a difference in %s', (_, from, to) => {
    expect(changedFromTo(from, to)).toBe(true);
    expect(changedFromTo(to, from)).toBe(true);
  });
});

describe('changesOf', () => {
  const six = stateOf({ party: 6 });
  const four = stateOf({ party: 4 });

  it.each([
    ['an update the difference to its predecessor', 'update', six, four, [[6, 4]]],
    ['an insert everything', 'insert', undefined, four, [[null, 4]]],
    ['an insert after a delete everything', 'insert', null, four, [[null, 4]]],
    ['an insert of a row that others have removed everything', 'insert', six, four, [[null, 4]]],
    ['a delete everything', 'delete', six, null, [[6, null]]],
    ['a baseline nothing', 'baseline', undefined, six, []],
    ['an update whose predecessor was pruned nothing', 'update', undefined, four, []],
    ['a delete whose predecessor was pruned nothing', 'delete', undefined, null, []],
  ] as const)('gives %s', (_, operation, previous, current, expected) => {
    expect(changesOf(operation, previous, current, ['party'])).toEqual(
      expected.map(([from, to]) => ({ property: 'party', from, to })),
    );
  });
});
