import {
  Column,
  type ColumnOptions,
  Entity,
  type ObjectLiteral,
  PrimaryColumn,
  type PrimaryColumnOptions,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { type WorldName } from '../worlds/write-worlds.js';

/** The options of a key column, and three values of it. */
export type KeyCase = readonly [options: ColumnOptions, first: unknown, second: unknown, third: unknown];

const everywhere: KeyCase[] = [
  [{ type: 'bigint' }, '9007199254740993', '9007199254740992', '-1'],
  [{ type: 'varchar', length: 40 }, `O’Brien "1" \\ '`, '', '😀'],
  [{ type: 'decimal', precision: 10, scale: 2 }, '10.50', '-0.01', '3.00'],
  [{ type: 'date' }, '2024-02-29', '2015-04-03', '1999-12-31'],
  [{ type: 'boolean' }, true, false, true],
];
const uuids = [
  '8a3f2c1e-0b0c-4d57-9a3e-1f2e3d4c5b00',
  '00000000-0000-4000-8000-00000000005c',
  'ffffffff-0000-4000-8000-00000000005c',
] as const;
const moments = [
  new Date('2024-02-29T23:59:58.123Z'),
  new Date('2015-07-03T00:00:00.000Z'),
  new Date(0),
] as const;
const bytes = [Buffer.from([0, 255]), Buffer.from('a'), Buffer.from([10, 11])] as const;

const mysqlCases: KeyCase[] = [
  [{ type: 'datetime', precision: 3 }, ...moments],
  [{ type: 'varbinary', length: 9 }, ...bytes],
  [{ type: 'char', length: 5 }, 'ab', 'abc', 'z'],
  [{ type: 'enum', enum: ['a', 'b ♥', 'c'] }, 'a', 'b ♥', 'c'],
  [{ type: 'bigint', unsigned: true }, '18446744073709551615', '1', '2'],
];

const only: Partial<Record<WorldName, KeyCase[]>> = {
  sqlite: [
    [{ type: 'uuid' }, ...uuids],
    [{ type: 'datetime' }, ...moments],
    [{ type: 'blob' }, ...bytes],
  ],
  postgres: [
    [{ type: 'uuid' }, ...uuids],
    [{ type: 'timestamp' }, ...moments],
    [{ type: 'timestamptz' }, ...moments],
    [{ type: 'bytea' }, ...bytes],
    [{ type: 'char', length: 5 }, 'ab   ', 'abc  ', 'z    '],
    [{ type: 'enum', enum: ['a', 'b ♥', 'c'] }, 'a', 'b ♥', 'c'],
    [{ type: 'inet' }, '10.0.0.1', '::1', '10.0.0.2'],
  ],
  mariadb: [[{ type: 'uuid' }, ...uuids], ...mysqlCases],
  // TypeORM makes a varchar of uuid here.
  mysql: [[{ type: 'uuid' }, ...uuids], ...mysqlCases],
};

/** A class with a key of the type and a number beside it, so that a boolean will do. */
export function keyedBy(options: ColumnOptions, at: number): new () => ObjectLiteral {
  class Keyed {
    value: number;
  }
  PrimaryColumn({ ...options, name: 'the_key' } as PrimaryColumnOptions)(Keyed.prototype, 'key');
  PrimaryColumn({ type: 'int' })(Keyed.prototype, 'number');
  Column({ type: 'int', default: 1 })(Keyed.prototype, 'value');
  Entity(`keyed_${at}`)(Keyed);
  Audited()(Keyed);
  return Keyed;
}

/** The types of keys that a database has. */
export function keyCases(name: WorldName): KeyCase[] {
  return [...everywhere, ...(only[name] ?? [])];
}
