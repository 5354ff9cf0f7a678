import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Key, type KeyTable } from '../../../src/dialect/keys/key.js';
import {
  boundChunks,
  isPacked,
  keyParameters,
  keyText,
  soleKey,
  uniqueKeys,
} from '../../../src/dialect/keys/key-text.js';
import { FEW_KEYS, takePacked } from '../../../src/dialect/keys/packed-rows.js';

const texts = fc.array(fc.string(), { minLength: 1, maxLength: 3 });

describe('the text of a key', () => {
  it('is that of another key only if each value is the same', () => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const isSame = one.length === other.length && one.every((value, n) => value === other[n]);
        if (one.length === other.length) expect(keyText(one) === keyText(other)).toBe(isSame);
      }),
    );
  });

  it.each<[string, Key, Key]>([
    ['a number and its text', [1], ['1']],
    ['a bigint and its text', [1n, 'a'], ['1', 'a']],
    ['bytes in a Buffer and in an array', [Buffer.from([1, 2])], [new Uint8Array([1, 2])]],
    ['dates of the same time', [new Date(5)], [new Date(5)]],
  ])('is the same for %s', (_, one, other) => {
    expect(keyText(one)).toBe(keyText(other));
  });

  it.each<[string, Key, Key]>([
    ['values with commas', ['a,b', 'c'], ['a', 'b,c']],
    ['values with quotes', ['a","b', 'c'], ['a', 'b","c']],
    ['times of one second', [new Date(5)], [new Date(6)]],
    ['bytes', [Buffer.from([1])], [Buffer.from([1, 0])]],
  ])('tells %s apart', (_, one, other) => {
    expect(keyText(one)).not.toBe(keyText(other));
  });
});

it('uniqueKeys has each key once, where it came first', () => {
  expect(uniqueKeys([[2], [1], ['2'], [1]])).toEqual([['2'], [1]]);
});

it('soleKey is the key of a single row', () => {
  expect(soleKey([[1]])).toEqual([1]);
  expect(soleKey([])).toBeUndefined();
  expect(soleKey([[1], [2]])).toBeUndefined();
  expect(soleKey({ length: 1, chunks: [{ keys: '[[1]]' }] })).toBeUndefined();
});

it('keyParameters names the values of a key, and what stands behind them the version', () => {
  expect(keyParameters(['a', 2])).toEqual({ k0: 'a', k1: 2 });
  expect(keyParameters(['a', 2, 5], 2)).toEqual({ k0: 'a', k1: 2, version: 5 });
  expect(keyParameters([1], 1, { now: 0 })).toEqual({ now: 0, k0: 1 });
});

describe('boundChunks', () => {
  const table = (limit: number): KeyTable => ({
    sql: '',
    ordinal: '',
    key: String,
    bind: (keys) => ({ keys }),
    limit,
  });

  it('binds all keys in their order, at most as many at a time as the table takes', () => {
    const keys = fc.array(fc.tuple(fc.integer()));
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 7 }), (given, limit) => {
        const chunks = [...boundChunks(table(limit), given)].map((chunk) => chunk.keys as Key[]);
        expect(chunks.flat()).toEqual(given);
        for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(limit);
        expect(chunks).toHaveLength(Math.ceil(given.length / limit));
      }),
    );
  });

  it('gives packed keys as they are', () => {
    const chunks = [{ keys: 'first' }, { keys: 'second' }];
    expect([...boundChunks(table(1), { length: 20, chunks })]).toEqual(chunks);
  });
});

describe('takePacked', () => {
  const row = (...keys: Key[]) => ({ audit_count: String(keys.length), audit_keys: JSON.stringify(keys) });
  const some = (count: number): Key[] => Array.from({ length: count }, (_, n) => [n]);
  const take = (...rows: ReturnType<typeof row>[]) => takePacked(rows, ['keys'], 'audit_keys');

  it('takes few keys apart', () => {
    expect(take(row([1], [2]), row([3]))).toEqual([[1], [2], [3]]);
    expect(take(row(...some(FEW_KEYS)))).toEqual(some(FEW_KEYS));
  });

  it('leaves more of them packed, each row a chunk', () => {
    const rows = [row(...some(FEW_KEYS)), row([99])];
    const keys = take(...rows);
    expect(isPacked(keys)).toBe(true);
    expect(keys).toEqual({
      length: FEW_KEYS + 1,
      chunks: rows.map(({ audit_keys }) => ({ keys: audit_keys })),
    });
  });

  it('has no keys without rows', () => {
    expect(take()).toEqual([]);
  });
});
