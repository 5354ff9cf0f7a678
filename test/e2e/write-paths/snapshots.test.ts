import { expect, it } from '@jest/globals';
import { Column, Entity, type EntityManager, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { allowOldSnapshots } from '../../support/locks/guarded-snapshots.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { SUITE } from '../../support/worlds/write-paths.js';
import { describeWorlds } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Gauge {
  @PrimaryGeneratedColumn() id: number;
  @Column() level: number;
}

/** A write of many rows, and of one. */
const writes: [string, number, (manager: EntityManager, ids: number[]) => Promise<unknown>][] = [
  ['of one row', 1, (manager, [id]) => manager.update(Gauge, id, { level: 1 })],
  ['of a few rows', 3, (manager) => manager.update(Gauge, { level: 2 }, { level: 1 })],
  ['of many rows', 30, (manager) => manager.update(Gauge, { level: 2 }, { level: 1 })],
];

describeWorlds(
  `${SUITE}snapshots`,
  { entities: [Gauge] },
  (world) => {
    it.each(writes)(
      'records a write %s that brings back what the transaction had read before another changed it',
      async (_, count, write) => {
        const { manager, dataSource } = world();
        const gauges = await manager.save(
          Array.from({ length: count }, () => manager.create(Gauge, { level: 1 })),
        );
        const ids = gauges.map(({ id }) => id);
        await manager.transaction(async (own) => {
          await allowOldSnapshots(own);
          await own.find(revisionOf(Gauge));
          await manager.update(Gauge, ids, { level: 2 });
          // What it reads is old under REPEATABLE READ, what it locks and writes is not.
          await own.query(`SELECT id FROM gauge WHERE level = 2 FOR UPDATE`);
          await write(own, ids);
        });
        const revisions = await manager.find(revisionOf(Gauge), {
          where: { id: ids[0] },
          order: { revVersion: 'ASC' },
        });
        expect(revisions.map(({ level }) => level)).toEqual([1, 2, 1]);
        await expectInvariants(dataSource);
      },
    );
  },
  ['postgres', 'mariadb', 'mysql'],
);
