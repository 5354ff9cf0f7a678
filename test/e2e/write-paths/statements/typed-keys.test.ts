import { expect, it } from '@jest/globals';
import { type EntityTarget, MoreThan, type ObjectLiteral } from 'typeorm';
import { revisionOf } from '../../../../src/revision/revision-of.js';
import { expectInvariants } from '../../../support/assertions/invariants.js';
import { keyCases, keyedBy } from '../../../support/entities/keyed-by.js';
import { SUITE } from '../../../support/worlds/write-paths.js';
import { describeWorlds, worldNames } from '../../../support/worlds/write-worlds.js';

for (const name of worldNames()) {
  const cases = keyCases(name);
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
