import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import {
  assertLimit,
  assertOperation,
  assertOrder,
  assertText,
  MAX_LIMIT,
  transactionId,
} from '../../../src/history/arguments/checks.js';
import { assertVersion } from '../../../src/history/arguments/version.js';

const ID = '01890000-0000-7000-8000-00000000000a';

const checks: Record<string, (value: any) => unknown> = {
  limit: assertLimit,
  order: assertOrder,
  actor: (value) => assertText('actor', value),
  operation: assertOperation,
  version: (value) => assertVersion('version', value),
  transaction: transactionId,
};

describe('an argument', () => {
  it.each([
    ['limit', [1, 50, MAX_LIMIT]],
    ['order', ['asc', 'desc']],
    ['actor', [undefined, '', 'ann']],
    ['operation', [undefined, 'insert', 'update', 'delete', 'soft-delete', 'restore', 'baseline']],
    ['version', [1, 2 ** 31 - 1]],
    ['transaction', [ID, ID.toUpperCase()]],
  ])('%s is taken if it is one of %j', (name, values) => {
    for (const value of values) expect(() => checks[name](value)).not.toThrow();
  });

  it.each([
    ['limit', [0, -1, MAX_LIMIT + 1, 1.5, NaN, '5', null]],
    ['order', ['ASC', '', undefined, null]],
    ['actor', [1, null, {}, 'a\u0000b', '\ud800']],
    ['operation', ['upsert', 'toString', '']],
    ['version', [0, -1, 1.5, NaN, 2 ** 31, '1', null, undefined]],
    ['transaction', ['', 'x', `${ID}0`, ` ${ID}`, `${ID}\n`, ID.replaceAll('-', ''), 1, null]],
  ])('%s is refused, by its name, if it is one of %j', (name, values) => {
    for (const value of values) {
      expect(() => checks[name](value)).toThrow(InvalidArgumentError);
      expect(() => checks[name](value)).toThrow(new RegExp(`^${name}\\b`));
    }
  });

  it('transaction is looked for in lower case', () => {
    expect(transactionId(ID.toUpperCase())).toBe(ID);
  });

  it('is shown as what it is', () => {
    expect(() => assertLimit('5' as never)).toThrow("limit must be an integer from 1 to 200, got '5'.");
    expect(() => assertText('actor', null)).toThrow('actor must be a string, got null.');
  });
});
