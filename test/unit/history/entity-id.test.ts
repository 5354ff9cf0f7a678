import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { keyValuesOf } from '../../../src/history/arguments/entity-id.js';

const id = { name: 'id', paths: [['id']], takesObjects: false };
const guest = { name: 'guest_fk', paths: [['guest', 'id'], ['guest'], ['guest_fk']], takesObjects: false };
const line = { name: 'position.line', paths: [['position', 'line'], ['line_no']], takesObjects: false };
const transformed = { ...id, takesObjects: true };

class Id {
  constructor(readonly value: string) {}
}

describe('keyValuesOf', () => {
  const date = new Date(0);
  const bytes = Buffer.from([1]);

  it.each([
    ['a number', 1, [id], [1]],
    ['text', 'a', [id], ['a']],
    ['an empty text', '', [id], ['']],
    ['zero', 0, [id], [0]],
    ['false', false, [id], [false]],
    ['a bigint', 1n, [id], [1n]],
    ['a Date', date, [id], [date]],
    ['bytes', bytes, [id], [bytes]],
    ['an object of a single key', { id: 1 }, [id], [1]],
    ['an entity', Object.assign(new Id(''), { id: 1, party: 4 }), [id], [1]],
    [
      'a composite key, in the order of its columns',
      { position: { line: 2 }, guest: { id: 1 } },
      [guest, line],
      [1, 2],
    ],
    ['a relation that holds the key', { guest: 1 }, [guest], [1]],
    ['a database name', { guest_fk: 1, line_no: 2 }, [guest, line], [1, 2]],
    ['a scalar for a join column', 7, [guest], [7]],
    ['the object that a transformer takes', new Id('a'), [transformed], [new Id('a')]],
    ['such an object by its name', { id: new Id('a') }, [transformed], [new Id('a')]],
  ])('takes %s', (_, given, keys, values) => {
    expect(keyValuesOf(given, keys, 'Reservation')).toEqual(values);
  });

  it.each([
    ['null', null, [id], 'id of Reservation must be the value of "id" or { id }, got null.'],
    ['undefined', undefined, [id], 'id of Reservation must be the value of "id" or { id }, got undefined.'],
    ['NaN', NaN, [id], ', got NaN.'],
    ['a bigger number than there is', Infinity, [id], ', got Infinity.'],
    ['a function', () => 1, [id], ', got a function.'],
    ['an empty object', {}, [id], ', got no value for "id".'],
    ['an invalid Date', new Date(NaN), [id], ', got no value for "id".'],
    ['a list', [1], [id], ', got no value for "id".'],
    ['a key that is null', { id: null }, [id], ', got no value for "id".'],
    ['a key that is an object', { id: { id: 1 } }, [id], ', got no value for "id".'],
    [
      'a scalar for two columns',
      1,
      [guest, line],
      'id of Reservation must be { guest_fk, position.line }, got one value.',
    ],
    [
      'a composite key with a column missing',
      { guest: 1 },
      [guest, line],
      ', got no value for "position.line".',
    ],
    ['a relation without the key', { guest: { name: 'Ann' } }, [guest], ', got no value for "guest_fk".'],
  ])('refuses %s', (_, given, keys, message) => {
    expect(() => keyValuesOf(given, keys, 'Reservation')).toThrow(InvalidArgumentError);
    expect(() => keyValuesOf(given, keys, 'Reservation')).toThrow(message);
  });
});
