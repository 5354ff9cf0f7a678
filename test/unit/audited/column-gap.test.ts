import { describe, expect, it } from '@jest/globals';
import {
  columnGaps,
  isKeptOf,
  keptName,
  type RegisteredShape,
} from '../../../src/audited/shapes/column-gap.js';

const HOUR = 3600;

const shape = (number: number, created: number, ...columns: RegisteredShape['columns']): RegisteredShape => ({
  shape: number,
  created,
  columns: [{ name: 'id' }, ...columns],
});

const gapsOf = (own: RegisteredShape, ...others: RegisteredShape[]) =>
  columnGaps(own, [own, ...others], () => false);

describe('the columns that other shapes lack', () => {
  it('are none where there is one shape', () => {
    expect(gapsOf(shape(1, 100 * HOUR, { name: 'status', default: 'new' })).size).toBe(0);
  });

  it('have the default with which the first shape that knows them filled the rows', () => {
    const oldest = shape(0, 0);
    const first = shape(2, 100 * HOUR, { name: 'status', default: 'new' });
    const own = shape(3, 200 * HOUR, { name: 'status', default: 'fresh' }, { name: 'note', default: null });
    expect(Object.fromEntries(gapsOf(own, oldest, first))).toEqual({
      status: { assumed: [0], value: 'new', blind: [], since: 99 * HOUR },
      note: { assumed: [0, 2], value: null, blind: [], since: 199 * HOUR },
    });
  });

  it('are unknown where the database computed them, a type was converted or a mask hides them', () => {
    const computed = gapsOf(shape(2, 100 * HOUR, { name: 'at' }), shape(1, 0));
    expect(computed.get('at')).toMatchObject({ assumed: [], blind: [1] });
    const kept = shape(1, 0, { name: keptName('size', 1), default: null });
    const converted = gapsOf(shape(2, 100 * HOUR, { name: 'size', default: null }), kept, shape(0, 0));
    expect(converted.get('size')).toMatchObject({ assumed: [0], blind: [1] });
    const own = shape(2, 100 * HOUR, { name: 'ssn', default: null });
    expect(columnGaps(own, [own, shape(1, 0)], () => true).get('ssn')).toMatchObject({ blind: [1] });
  });
});

describe('the name of a kept column', () => {
  it('fits into 63 characters, and is told from others of the table', () => {
    const long = 'a'.repeat(60);
    expect(keptName(long, 12).length).toBeLessThan(63);
    expect(isKeptOf(keptName(long, 12), long)).toBe(true);
    expect(isKeptOf(keptName('size', 1), 'size')).toBe(true);
    expect(isKeptOf(keptName('size_1', 1), 'size')).toBe(false);
    expect(isKeptOf('size', 'size')).toBe(false);
  });
});
