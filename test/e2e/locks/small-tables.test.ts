import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { describeWorlds, MYSQLS, openWorld, worldNames } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Pair {
  @PrimaryColumn('int') a: number;
  @PrimaryColumn({ type: 'varchar', length: 5 }) b: string;
  @Column('int', { default: 1 }) v: number;
}

const writes: [string, (manager: EntityManager) => Promise<unknown>][] = [
  [
    'an upsert',
    (manager) =>
      manager.upsert(
        Pair,
        [
          { a: 2, b: 'x', v: 1002 },
          { a: 1002, b: 'n' },
        ],
        ['a', 'b'],
      ),
  ],
  [
    'a save',
    (manager) =>
      manager.save(Pair, [
        { a: 2, b: 'x', v: 5 },
        { a: 3, b: 'x', v: 5 },
      ]),
  ],
];

describeWorlds(
  'a table of a few rows',
  { entities: [Pair] },
  (world, name) => {
    it.each(writes)('lets %s of several rows go on while another row is held', async (_, write) => {
      const { manager, dataSource, reset } = world();
      await reset();
      await manager.save(
        Pair,
        [1, 2, 3].map((a) => ({ a, b: 'x' })),
      );
      const holder = dataSource.createQueryRunner();
      const writing: Promise<unknown>[] = [];
      try {
        await holder.startTransaction();
        await holder.query('UPDATE pair SET v = 9 WHERE a = 1');
        writing.push(write(manager));
        expect(await Promise.race([...writing, sleep(5_000, 'waits')])).not.toBe('waits');
      } finally {
        await holder.rollbackTransaction();
        await holder.release();
        await Promise.allSettled(writing);
      }
      await expectInvariants(dataSource);
    });

    if (MYSQLS.includes(name))
      it('is recorded where the database has no primary key of it', async () => {
        const own = await openWorld(name, { entities: [Pair] });
        try {
          await own.dataSource.query('ALTER TABLE pair DROP PRIMARY KEY, ADD UNIQUE (a, b)');
          const rows = [1, 2].map((a) => ({ a, b: 'x' }));
          await own.manager.save(Pair, rows);
          await own.manager.save(
            Pair,
            rows.map((row) => ({ ...row, v: 2 })),
          );
          await expectInvariants(own.dataSource);
        } finally {
          await own.close();
        }
      });
  },
  worldNames().filter((name) => name !== 'sqlite'),
);
