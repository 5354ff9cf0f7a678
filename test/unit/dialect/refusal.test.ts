import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { mysqlRefusal, postgresRefusal, sqliteRefusal } from '../../../src/dialect/run/refusal.js';

const failed = (error: object): QueryFailedError =>
  new QueryFailedError('UPDATE', [], Object.assign(new Error(), error));

describe('a refusal', () => {
  it.each([
    [
      { code: '23505', constraint: 'uq', detail: 'Key (city, name)=(Rome, Ada) already exists.' },
      { kind: 'taken', constraint: 'uq', columns: 'city, name' },
    ],
    [
      { code: '23P01', constraint: 'ex', detail: 'Key (during)=([1,2)) conflicts with existing key.' },
      { kind: 'taken', constraint: 'ex', columns: 'during' },
    ],
    [
      { code: '23514', constraint: 'chk' },
      { kind: 'check', constraint: 'chk' },
    ],
    [
      { code: '23503', constraint: 'fk' },
      { kind: 'reference', constraint: 'fk' },
    ],
    [
      { code: '23502', column: 'n' },
      { kind: 'value', columns: 'n' },
    ],
    [
      { code: '22P02', message: 'invalid input value for enum k: "z"' },
      { kind: 'value', label: 'z' },
    ],
    [{ code: '22001' }, { kind: 'value' }],
    [{ code: '40001' }, undefined],
    [{ code: '42P01' }, undefined],
  ])('is told from the error %j of PostgreSQL', (error, refusal) => {
    expect(postgresRefusal(failed(error))).toEqual(refusal);
  });

  it.each([
    [
      { errno: 1062, message: "Duplicate entry 'x' for key 'hotel.uq'" },
      { kind: 'taken', constraint: 'uq' },
    ],
    [
      { errno: 1062, message: "Duplicate entry 'x' for key 'uq'" },
      { kind: 'taken', constraint: 'uq' },
    ],
    [
      { errno: 4025, message: 'CONSTRAINT `chk` failed for `db`.`hotel`' },
      { kind: 'check', constraint: 'chk' },
    ],
    [
      { errno: 3819, message: "Check constraint 'chk' is violated." },
      { kind: 'check', constraint: 'chk' },
    ],
    [
      {
        errno: 1451,
        message:
          'Cannot delete or update a parent row: a foreign key constraint fails (`db`.`c`, CONSTRAINT `c_ibfk_1` FOREIGN KEY (`id`) REFERENCES `h` (`id`))',
      },
      { kind: 'reference', constraint: 'c_ibfk_1' },
    ],
    [
      { errno: 1265, message: "Data truncated for column 'kind' at row 1" },
      { kind: 'value', columns: 'kind' },
    ],
    [
      { errno: 1366, message: "Incorrect integer value: 'x' for column `db`.`hotel`.`n` at row 1" },
      { kind: 'value', columns: 'n' },
    ],
    [
      { errno: 1048, message: "Column 'n' cannot be null" },
      { kind: 'value', columns: 'n' },
    ],
    [{ errno: 1213, message: 'Deadlock found' }, undefined],
  ])('is told from the error %j of MySQL and MariaDB', (error, refusal) => {
    expect(mysqlRefusal(failed(error))).toEqual(refusal);
  });

  it.each([
    ['UNIQUE constraint failed: hotel.city, hotel.name', { kind: 'taken', columns: 'city, name' }],
    ["UNIQUE constraint failed: index 'uq'", { kind: 'taken', constraint: 'uq' }],
    ['CHECK constraint failed: chk', { kind: 'check', constraint: 'chk', columns: 'chk' }],
    ['NOT NULL constraint failed: hotel.n', { kind: 'value', columns: 'n' }],
    ['FOREIGN KEY constraint failed', { kind: 'reference' }],
    ['database is locked', undefined],
  ])('is told from %j of SQLite', (message, refusal) => {
    expect(sqliteRefusal(failed({ message }))).toEqual(refusal);
  });

  it('is of the database only', () => {
    for (const refusal of [postgresRefusal, mysqlRefusal, sqliteRefusal])
      expect(refusal(new Error('UNIQUE constraint failed: hotel.n'))).toBeUndefined();
  });
});
