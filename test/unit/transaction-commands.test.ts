import { describe, expect, it } from '@jest/globals';
import { transactionCommands } from '../../src/dialect/transaction-commands.js';

describe('transactionCommands()', () => {
  it.each([
    'BEGIN NOT ATOMIC DECLARE v int; INSERT INTO t VALUES (1); END',
    'DO $$ BEGIN INSERT INTO t VALUES (1); EXCEPTION WHEN others THEN NULL; END $$',
    'CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; END',
    'INSERT INTO t SELECT 1; DELETE FROM t',
  ])('finds none in %s', (text) => {
    expect(transactionCommands(text)).toEqual([]);
  });

  it.each([
    ['COMMIT; BEGIN', ['commit', 'begin']],
    ['begin; insert into t values (1); end', ['begin', 'commit']],
    ['/* a hint */ START TRANSACTION', ['begin']],
    ['ROLLBACK TO SAVEPOINT one', ['rollback to']],
  ])('finds what %s does', (text, kinds) => {
    expect(transactionCommands(text).map(({ kind }) => kind)).toEqual(kinds);
  });
});
