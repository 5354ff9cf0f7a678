import { describe, expect, it } from '@jest/globals';
import { constantDefault } from '../../../src/audited/shapes/constant-default.js';

describe('the constant in the SQL of a default', () => {
  it.each<[string, unknown]>([
    ["'draft'", 'draft'],
    ["'it''s'", "it's"],
    ["'draft'::character varying", 'draft'],
    ["'{}'::jsonb", '{}'],
    ['5', 5],
    ['(5)', 5],
    ['-1.5', -1.5],
    ['12345678901234567890', '12345678901234567890'],
    ['0.10', '0.10'],
    ['true', true],
    ['FALSE', false],
    ['NULL', null],
    ["''", ''],
  ])('of %s is %p', (sql, value) => {
    expect(constantDefault(sql)).toBe(value);
  });

  it.each([
    'now()',
    'CURRENT_TIMESTAMP(6)',
    'gen_random_uuid()',
    '1 + 1',
    "'a' || 'b'",
    "length('four')",
    undefined,
  ])('is not known of %s', (sql) => {
    expect(constantDefault(sql)).toBeUndefined();
  });
});
