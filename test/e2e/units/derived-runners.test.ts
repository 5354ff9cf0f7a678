import { expect, it } from '@jest/globals';
import { Column, Entity, type EntityManager, MoreThan, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import {
  derivedDataSources,
  derivedRunners,
  separateTenants,
  tenantOf,
} from '../../support/worlds/tenants.js';
import { describeTwins, isSqlite, settled } from '../../support/worlds/twins.js';
import { type World } from '../../support/worlds/write-worlds.js';

/** Of a tenant, whose name is its `code`. */
@Audited()
@Entity()
class Account {
  @PrimaryColumn({ type: 'int' }) id: number;
  @Column({ type: 'int', default: 0 }) balance: number;
  @Column({ type: 'varchar', length: 20, default: '', insert: false, update: false }) code: string;
}

async function writeAll(manager: EntityManager, first: number): Promise<unknown[]> {
  return [
    (await manager.insert(Account, { id: first })).identifiers,
    // Others' rows are not to be seen or touched.
    await settled(
      manager.update(Account, { id: MoreThan(0) }, { balance: first }).then(({ affected }) => affected),
    ),
    await manager.save(Account, { id: first + 1, balance: 1 }),
    await manager.save(Account, { id: first + 1, balance: 2 }),
    (await manager.increment(Account, { id: first }, 'balance', 1)).affected,
    (await manager.upsert(Account, { id: first + 2, balance: 5 }, ['id'])).identifiers,
    (await manager.upsert(Account, { id: first + 2, balance: 6 }, ['id'])).identifiers,
    (await manager.delete(Account, first + 1)).affected,
    await manager.count(Account),
  ];
}

/** The revisions of what it writes, in its order. */
const revisionsOf = (first: number): string[] => [
  `account ${first} v1 insert`,
  `account ${first} v2 update`,
  `account ${first + 1} v1 insert`,
  `account ${first + 1} v2 update`,
  `account ${first} v3 update`,
  `account ${first + 2} v1 insert`,
  `account ${first + 2} v2 update`,
  `account ${first + 1} v3 delete`,
];

const without = (revisions: string[]): string[] => revisions.map((revision) => revision.slice(3));

const options = { entities: [Account], prepare: separateTenants };

describeTwins('a query runner', options, (twins, name) => {
  for (const ofRunner of Object.keys(derivedRunners)) {
    // SQLite's one runner has the connection.
    if (isSqlite(name) && /subclass|of its own/.test(ofRunner)) continue;
    // Each way to derive a runner with one to derive a data source, and the other way round.
    const all = Object.keys(derivedDataSources);
    for (const ofDataSource of ofRunner === 'Object.create()' ? all : all.slice(0, 1)) {
      const where = `derived by ${ofRunner} for a data source derived by ${ofDataSource}`;
      const tenant = (world: World, code: string) => tenantOf(world, code, ofDataSource, ofRunner);

      it(`writes for its tenant: ${where}`, async () => {
        const revisions = await twins().play(async (world) => [
          await writeAll(tenant(world, 'red').manager, 1),
          await writeAll(tenant(world, 'blue').manager, 11),
        ]);
        if (!isSqlite(name)) expect(without(revisions)).toEqual([...revisionsOf(1), ...revisionsOf(11)]);
      });

      it(`writes in a transaction for its tenant: ${where}`, async () => {
        const revisions = await twins().play((world) =>
          tenant(world, 'red').dataSource.transaction((manager) => writeAll(manager, 1)),
        );
        expect(revisions).toEqual(revisionsOf(1).map((revision) => `A: ${revision}`));
      });

      it(`goes on after a write that has failed: ${where}`, async () => {
        const revisions = await twins().play(async (world) => {
          const red = tenant(world, 'red');
          await red.manager.insert(Account, { id: 1 });
          const runner = red.dataSource.createQueryRunner();
          const outcomes = [
            await settled(runner.manager.insert(Account, { id: 1 })),
            await settled(runner.manager.insert(Account, { id: 2 }).then(() => 'stored')),
            await settled(runner.manager.save(Account, [{ id: 3 }, { id: 1, balance: null as never }])),
            await settled(runner.manager.save(Account, { id: 3 })),
          ];
          await runner.startTransaction();
          outcomes.push(await settled(runner.manager.insert(Account, { id: 1 })));
          await runner.rollbackTransaction();
          await runner.startTransaction();
          outcomes.push(
            await settled(runner.manager.update(Account, 1, { balance: 4 }).then(() => 'stored')),
          );
          await runner.commitTransaction();
          if (!isSqlite(name)) await runner.release();
          return [...outcomes, await red.manager.find(Account, { order: { id: 'ASC' } })];
        });
        expect(without(revisions)).toEqual([
          'account 1 v1 insert',
          'account 2 v1 insert',
          'account 3 v1 insert',
          'account 1 v2 update',
        ]);
      });
    }
  }
});
