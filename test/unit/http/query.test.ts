import { describe, expect, it } from '@jest/globals';
import { toJson } from '../../../src/http/show/json.js';
import { parseDate } from '../../../src/history/arguments/iso-date.js';
import { parseInteger, parseMoment, parseQuery, parseText } from '../../../src/http/request/query.js';
import { urlSegment } from '../../../src/http/request/request.decorators.js';

describe('parseDate()', () => {
  it.each([
    ['2026-11-23', '2026-11-23T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2026-11-23T06:02', '2026-11-23T06:02:00.000Z'],
    ['2026-11-23T06:02:03', '2026-11-23T06:02:03.000Z'],
    ['2026-11-23T06:02:03.004Z', '2026-11-23T06:02:03.004Z'],
    ['2026-11-23T06:02:03,5Z', '2026-11-23T06:02:03.500Z'],
    ['2026-11-23T06:02:03.123456Z', '2026-11-23T06:02:03.123Z'],
    ['2026-11-23T06:02:03+01:30', '2026-11-23T04:32:03.000Z'],
    ['2026-11-23T06:02:03-0130', '2026-11-23T07:32:03.000Z'],
    ['2026-11-23T06:02:03+01', '2026-11-23T05:02:03.000Z'],
  ])('reads %s', (text, iso) => {
    expect(parseDate('at', text).toISOString()).toBe(iso);
  });

  it.each([
    '',
    'now',
    '2026',
    '20261123',
    '2026-13-01',
    '2026-02-29',
    '2026-04-31',
    '2026-11-23Z',
    '2026-11-23T06',
    '2026-11-23T06:60Z',
    '2026-11-23 06:02',
    '2026-11-23T06:02:03+25:00',
    'Mon Nov 23 2026',
    '1e3',
  ])('refuses "%s"', (text) => {
    expect(() => parseDate('at', text)).toThrow(/^at must be an ISO 8601 date .*, got "/);
  });
});

describe('parseMoment()', () => {
  it('takes digits for a version', () => {
    expect(parseMoment('at', '12')).toBe(12);
    expect(parseMoment('at', '2026-11-23')).toEqual(new Date('2026-11-23T00:00Z'));
  });
});

describe('parseQuery()', () => {
  const parsers = { limit: parseInteger, actor: parseText };

  it('reads what is given and leaves out the rest', () => {
    expect(parseQuery({ limit: '07' }, parsers)).toEqual({ limit: 7 });
    expect(parseQuery({}, parsers)).toEqual({});
  });

  it.each([
    [{ colour: 'red' }, 'colour is not a parameter of this path. Known are limit, actor.'],
    [{ constructor: 'x' }, 'constructor is not a parameter'],
    [{ limit: ['1', '2'] }, 'limit must be given once.'],
    [{ limit: { gt: '1' } }, 'limit must be given once.'],
    [{ limit: '-1' }, 'limit must be an integer, got "-1".'],
    [{ limit: ' 1' }, 'limit must be an integer, got " 1".'],
    [{ actor: 'a\0' }, 'actor must not have a null character.'],
  ])('refuses %j', (query, message) => {
    expect(() => parseQuery(query, parsers)).toThrow(message);
  });
});

describe('urlSegment()', () => {
  it.each([
    ['/audit/order_line/a%2Cb,2', -1, 'a%2Cb,2'],
    ['/audit/order_line/a%2Fb,2/?x=/y', -1, 'a%2Fb,2'],
    ['/api/v1/audit/order_line/1,2/versions/3?x#y', -3, '1,2'],
    ['/', -1, ''],
  ])('of %s at %i is still encoded', (url, at, segment) => {
    expect(urlSegment(url, at)).toBe(segment);
  });
});

describe('toJson()', () => {
  it('makes dates, bytes and bigints text, however deep', () => {
    class Money {
      readonly cents = 5n;
      toJSON() {
        return { amount: this.cents };
      }
    }
    expect(
      toJson({
        at: new Date(0),
        never: new Date(NaN),
        bytes: [new Uint8Array([104, 105])],
        price: new Money(),
        nothing: null,
        flag: false,
      }),
    ).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      never: null,
      bytes: ['aGk='],
      price: { amount: '5' },
      nothing: null,
      flag: false,
    });
  });
});
