import { describe, expect, it } from '@jest/globals';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Dialect } from '../../../src/dialect/dialect.js';
import { type DigestKey, type Mask } from '../../../src/dialect/masks/digest-key.js';
import {
  HMAC_DIGITS,
  KEY_ID_DIGITS,
  masked,
  maskedAnew,
  maskedLike,
  maskedType,
} from '../../../src/dialect/masks/mask.js';
import { PAD_BYTES, readPad, words } from '../../../src/dialect/masks/pad.js';

const dialect = {
  masks: {
    asText: (expression: string) => `text(${expression})`,
    digest: (value: string, _: unknown, { id }: DigestKey) => `digest(${value}, ${id})`,
  },
  types: { own: { text: { charset: 'utf8mb4' } } },
} as unknown as Dialect;

const key = (id: string): DigestKey => ({ id, number: 0, inner: '', outer: '' });
const column = (mask: Mask, ...ids: string[]) => ({ source: {} as ColumnMetadata, mask, keys: ids.map(key) });

describe('a masked value', () => {
  it.each(['redact', 'hash'] as const)('is a digest under the current key: %s', (mask) => {
    expect(masked(dialect, column(mask, 'new', 'old'), 'v')).toBe('digest(v, new)');
  });

  it('is what the SQL of a mask makes of it, but NULL stays NULL', () => {
    const mask = (value: string): string => `left(${value}, 1)`;
    expect(masked(dialect, column(mask), 'v')).toBe(
      'text(CASE WHEN v IS NULL THEN NULL ELSE left(v, 1) END)',
    );
  });

  it('is compared with an older copy under the key that this one begins with', () => {
    expect(maskedLike(dialect, column('hash', 'new', 'old', 'older'), 'v', 'o')).toBe(
      `CASE substr(o, 1, ${KEY_ID_DIGITS}) WHEN 'old' THEN digest(v, old) WHEN 'older' THEN digest(v, older) ` +
        `ELSE digest(v, new) END`,
    );
  });

  it('keeps the older copy where the value is the same', () => {
    const anew = maskedAnew(dialect, column('hash', 'new', 'old'), 'v', 'o');
    expect(anew).toMatch(/^CASE WHEN CASE .* END = o THEN o ELSE digest\(v, new\) END$/);
  });

  it('is a digest, no more, where there has been one key only', () => {
    expect(maskedLike(dialect, column('hash', 'new'), 'v', 'o')).toBe('digest(v, new)');
    expect(maskedAnew(dialect, column('hash', 'new'), 'v', 'o')).toBe('digest(v, new)');
  });
});

describe('the column of a masked value', () => {
  it('has room for a digest', () => {
    expect(maskedType(dialect, 'hash')).toEqual({ type: 'varchar', length: KEY_ID_DIGITS + HMAC_DIGITS });
    expect(KEY_ID_DIGITS + HMAC_DIGITS).toBe(64);
  });

  it('has room for any text where the mask is SQL', () => {
    expect(maskedType(dialect, (value) => value)).toMatchObject({ type: 'text', charset: 'utf8mb4' });
    expect(maskedType(dialect, (value) => value).length).toBeUndefined();
  });

  it('does not show a redacted value, but whether there is one', () => {
    const { to, from } = maskedType(dialect, 'redact').transformer as {
      to: typeof String;
      from: typeof String;
    };
    expect([from('digest'), from(''), from(null), from(undefined)]).toEqual(['***', '***', null, undefined]);
    expect(to('digest')).toBe('digest');
  });
});

describe('a pad', () => {
  it('is read from its hexadecimal digits', () => {
    expect(readPad('0f'.repeat(PAD_BYTES))).toEqual(Buffer.alloc(PAD_BYTES, 15));
  });

  it.each([['0f'.repeat(PAD_BYTES - 1)], ['0f'.repeat(PAD_BYTES + 1)], [''], [null], ['x'.repeat(64)]])(
    'is not %j',
    (pad) => {
      expect(() => readPad(pad)).toThrow();
    },
  );

  it('has all its digits in its words, once', () => {
    const digits = Array.from({ length: PAD_BYTES }, (_, n) => n.toString(16).padStart(2, '0')).join('');
    const parts = words('t').map((sql) => {
      const [, start, length] = /^substr\(t, (\d+), (\d+)\)$/.exec(sql)!.map(Number);
      return digits.slice(start - 1, start - 1 + length);
    });
    expect(parts.join('')).toBe(digits);
  });
});
