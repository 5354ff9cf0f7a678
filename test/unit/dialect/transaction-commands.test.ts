import { describe, expect, it } from '@jest/globals';
import { transactionCommands } from '../../../src/dialect/sessions/transaction-commands.js';

const kinds = (text: string): string[] =>
  transactionCommands(text).map(({ kind, name }) => (name ? `${kind} ${name}` : kind));

describe('transactionCommands()', () => {
  it.each([
    ['BEGIN', ['begin']],
    ['start  transaction read only', ['begin']],
    ['/* mine */ -- by hand\n COMMIT', ['commit']],
    ['END', ['commit']],
    ['ROLLBACK', ['rollback']],
    ['abort', ['rollback']],
    ['SAVEPOINT typeorm_1', ['savepoint typeorm_1']],
    ['RELEASE SAVEPOINT "a"', ['release a']],
    ['ROLLBACK TO SAVEPOINT `a`', ['rollback to a']],
    ['ROLLBACK WORK TO a', ['rollback to a']],
    ['COMMIT; BEGIN', ['commit', 'begin']],
    ['SELECT 1; COMMIT', ['commit']],
  ])('finds those of %s', (text, expected) => {
    expect(kinds(text)).toEqual(expected);
  });

  it.each([
    'SELECT 1',
    'UPDATE t SET a = 1',
    "COMMIT PREPARED 'x'",
    'BEGIN NOT ATOMIC DECLARE a int; IF a THEN SET a = 1; END IF; END',
    'CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END; $$',
    'CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = 1; END',
    "INSERT INTO note VALUES ('first; commit')",
    'DO $do$ BEGIN PERFORM 1; END; $do$',
  ])('finds none in %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });
});
