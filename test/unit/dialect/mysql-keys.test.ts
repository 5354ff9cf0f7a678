import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { mysqlKeys } from '../../../src/dialect/keys/mysql.keys.js';

const keysWith = (options: object = {}) => mysqlKeys(new DataSource({ type: 'mysql', ...options }));
const bound = (key: readonly unknown[], options?: object): unknown[] => {
  const { keys } = keysWith(options).table({ columns: [], types: [] }).bind([key]);
  return (JSON.parse(keys as string) as unknown[][])[0];
};

describe('keys on MySQL, which takes them as JSON', () => {
  it.each([
    ['numbers and text', [1, 'a'], [1, 'a']],
    ['bigints as text', [9007199254740993n], ['9007199254740993']],
    ['bytes in hexadecimal', [Buffer.from([0, 255])], ['00ff']],
  ])('have %s', (_, key, json) => {
    expect(bound(key)).toEqual(json);
  });

  it.each([
    ['Z', '2026-01-02T03:04:05.000'],
    ['+00:00', '2026-01-02T03:04:05.000'],
    ['+05:30', '2026-01-02T08:34:05.000'],
    ['-0200', '2026-01-02T01:04:05.000'],
  ])('have a Date as the time that it is in the time zone %s', (timezone, text) => {
    expect(bound([new Date('2026-01-02T03:04:05Z')], { timezone })).toEqual([text]);
  });

  it('have a Date as the time that it is for the process, if no time zone is given', () => {
    expect(bound([new Date(2026, 0, 2, 3, 4, 5)])).toEqual(['2026-01-02T03:04:05.000']);
  });

  it('are read as bytes from a column of bytes', () => {
    const { sql, key } = keysWith().table({ columns: [], types: ['int', 'binary(16)'] });
    expect(sql).toContain("k0 int PATH '$[0]', k1 varchar(2000) PATH '$[1]'");
    expect([key(0), key(1)]).toEqual(['k.k0', 'unhex(k.k1)']);
  });

  it('are not packed if one is of bytes, which JSON does not have', () => {
    const packer = (...types: string[]) =>
      keysWith().packer!(types.map((type) => ({ type }) as ColumnMetadata));
    expect(packer('int', 'varchar')).toBeDefined();
    expect(packer('int', 'varbinary')).toBeUndefined();
  });

  it('name the primary key for the lookup only if the table has one', () => {
    const lookup = (hasPrimaryKey: boolean) =>
      keysWith().table({ columns: [], types: ['int'], hasPrimaryKey }).lookup;
    expect(lookup(true)).toBe(' FORCE INDEX (PRIMARY)');
    expect(lookup(false)).toBeUndefined();
  });
});
