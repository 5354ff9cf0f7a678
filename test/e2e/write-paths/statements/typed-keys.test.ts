import { expect, it } from '@jest/globals';
import {
  Column,
  type ColumnOptions,
  Entity,
  type EntityTarget,
  MoreThan,
  type ObjectLiteral,
  PrimaryColumn,
  type PrimaryColumnOptions,
} from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { revisionOf } from '../../../../src/revision/revision-of.js';
import { expectInvariants } from '../../../support/assertions/invariants.js';
import { SUITE } from '../../../support/worlds/write-paths.js';
import { describeWorlds, type WorldName, worldNames } from '../../../support/worlds/write-worlds.js';

/** The options of a key column, and three values of it. */
type Case = readonly [options: ColumnOptions, first: unknown, second: unknown, third: unknown];

const everywhere: Case[] = [
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

const mysqlCases: Case[] = [
  [{ type: 'datetime', precision: 3 }, ...moments],
  [{ type: 'varbinary', length: 9 }, ...bytes],
  [{ type: 'char', length: 5 }, 'ab', 'abc', 'z'],
  [{ type: 'enum', enum: ['a', 'b ♥', 'c'] }, 'a', 'b ♥', 'c'],
  [{ type: 'bigint', unsigned: true }, '18446744073709551615', '1', '2'],
];

const only: Partial<Record<WorldName, Case[]>> = {
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
function keyedBy(options: ColumnOptions, at: number): new () => ObjectLiteral {
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

for (const name of worldNames()) {
  const cases = [...everywhere, ...(only[name] ?? [])];
  const targets = cases.map(([options], at) => keyedBy(options, at));

  describeWorlds(
    `${SUITE}keys of every type`,
    { entities: targets },
    (world) => {
      it.each(cases.map(([options], at) => [options.type as string, at] as const))(
        'records builders’ writes to rows whose key is a %s',
        async (_, at) => {
          const { manager, dataSource } = world();
          const [, first, second, third] = cases[at];
          const target: EntityTarget<ObjectLiteral> = targets[at];
          await manager.insert(target, [
            { key: first, number: 1 },
            { key: second, number: 2 },
          ]);
          await manager.upsert(target, { key: second, number: 2, value: 2 }, ['key', 'number']);
          await manager.update(target, { key: first }, { value: 3 });
          await manager.update(target, { number: 2 }, { key: third });
          await manager.delete(target, { key: third, number: 2 });
          const revisions = await manager.find(revisionOf(targets[at]), { order: { revId: 'ASC' } });
          // SQLite's driver reads some of them less exactly than they are; the invariants compare them in the database.
          expect(
            revisions.map(
              ({ number, revVersion, revOperation }) => `${number}: ${revVersion} ${revOperation}`,
            ),
          ).toEqual([
            '1: 1 insert',
            '2: 1 insert',
            '2: 2 update',
            '1: 2 update',
            '2: 3 delete',
            '2: 1 insert',
            '2: 2 delete',
          ]);
          await expectInvariants(dataSource);
        },
      );

      it.each(cases.map(([options], at) => [options.type as string, at] as const))(
        'records writes to many rows whose key is a %s',
        async (_, at) => {
          const { manager, dataSource } = world();
          const [, ...keys] = cases[at];
          const target: EntityTarget<ObjectLiteral> = targets[at];
          const rows = Array.from({ length: 30 }, (_row, n) => ({ key: keys[n % 3], number: 100 + n }));
          await manager.insert(target, rows);
          const { affected } = await manager.update(target, { number: MoreThan(109) }, { value: 2 });
          const deleted = await manager.delete(target, { number: MoreThan(101) });
          expect([affected, deleted.affected]).toEqual([20, 28]);
          const operations = await manager
            .createQueryBuilder(revisionOf(targets[at]), 'revision')
            .select('revision.revVersion', 'version')
            .addSelect('revision.revOperation', 'operation')
            .addSelect('count(*)', 'count')
            .where('revision.number > 99')
            .groupBy('revision.revVersion')
            .addGroupBy('revision.revOperation')
            .orderBy('revision.revVersion')
            .addOrderBy('revision.revOperation')
            .getRawMany<{ version: number; operation: string; count: number }>();
          expect(operations.map((row) => `${row.version} ${row.operation}: ${row.count}`)).toEqual([
            '1 insert: 30',
            '2 delete: 8',
            '2 update: 20',
            '3 delete: 20',
          ]);
          await expectInvariants(dataSource);
        },
      );
    },
    [name],
  );
}
