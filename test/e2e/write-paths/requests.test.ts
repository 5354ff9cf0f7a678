import { expect, it } from '@jest/globals';
import { Column, Entity, ManyToOne, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { AuditError, UnrecordedWriteError } from '../../../src/audit.errors.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { SUITE } from '../../support/worlds/write-paths.js';
import { describeWorlds, type World, worldNames } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Pet {
  @PrimaryColumn() id: number;
  @Column({ unique: true }) tag: number;
  @Column({ default: 1 }) age: number;
}

const TAKEN = 1000;
const ids = Array.from({ length: 24 }, (_, n) => n + 1);

/** Runs a write for each id at the same time, each under an actor of its own, and gives the ids whose write failed. */
async function atOnce({ context }: World, write: (id: number) => Promise<unknown>): Promise<number[]> {
  const outcomes = await Promise.allSettled(
    ids.map((id) => context.run({ actor: `${id}` }, () => write(id))),
  );
  return ids.filter((_, n) => outcomes[n].status === 'rejected');
}

describeWorlds(`${SUITE}requests at a time`, { entities: [Pet] }, (world) => {
  it('records update()s of which some fail', async () => {
    const { manager, reset } = world();
    await reset();
    await manager.insert(Pet, [{ id: TAKEN, tag: TAKEN }, ...ids.map((id) => ({ id, tag: id }))]);
    const isBad = (id: number): boolean => id % 4 === 0;
    const failed = await atOnce(world(), (id) =>
      manager.update(Pet, id, isBad(id) ? { age: 9, tag: TAKEN } : { age: 9 }),
    );
    expect(failed).toEqual(ids.filter(isBad));
    const pets = await manager.find(Pet, { where: { age: 9 }, order: { id: 'ASC' } });
    expect(pets.map(({ id }) => id)).toEqual(ids.filter((id) => !isBad(id)));
    const updates = await manager.find(revisionOf(Pet), {
      where: { revOperation: 'update' },
      order: { id: 'ASC' },
    });
    expect(updates.map(({ revActor }) => revActor)).toEqual(pets.map(({ id }) => `${id}`));
    expect(new Set(updates.map(({ revTransaction }) => revTransaction)).size).toBe(updates.length);
    await expectInvariants(world().dataSource);
  });

  // On SQLite all of them share a connection: what fails must not take along what others save.
  it('records save()s beside insert()s that fail', async () => {
    const { manager, reset } = world();
    await reset();
    await manager.insert(Pet, { id: TAKEN, tag: TAKEN });
    const isBad = (id: number): boolean => id % 3 === 0;
    const failed = await atOnce(world(), async (id) => {
      // They come in at different times.
      for (let turns = id % 5; turns > 0; turns--) await Promise.resolve();
      return isBad(id) ? manager.insert(Pet, { id, tag: TAKEN }) : manager.save(Pet, { id, tag: id });
    });
    expect(failed).toEqual(ids.filter(isBad));
    const pets = await manager.find(Pet, { order: { id: 'ASC' } });
    expect(pets.map(({ id }) => id)).toEqual([...ids.filter((id) => !isBad(id)), TAKEN]);
    await expectInvariants(world().dataSource);
  });
});

/** Not audited itself. */
@Entity()
class Owner {
  @PrimaryColumn() id: number;
}

@Audited()
@Entity()
class Toy {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Owner, { onDelete: 'CASCADE' }) owner: Owner;
}

describeWorlds(
  `${SUITE}rows that come in between`,
  { entities: [Owner, Toy] },
  (world) => {
    it('refuses delete() of rows that came in after it was seen what goes along with them', async () => {
      const { dataSource, manager } = world();
      await manager.insert(Owner, { id: 1 });
      await manager.insert(Toy, { id: 1, owner: { id: 1 } });
      const runner = dataSource.createQueryRunner();
      const query = runner.query.bind(runner);
      runner.query = async (...given: Parameters<typeof query>) => {
        if (given[0].startsWith('DELETE')) {
          await manager.insert(Owner, { id: 2 });
          await manager.insert(Toy, { id: 2, owner: { id: 2 } });
        }
        return query(...given);
      };
      await runner.startTransaction('READ COMMITTED');
      const write = runner.manager.createQueryBuilder().delete().from(Owner).where('id > 0').execute();
      await expect(write).rejects.toThrow(AuditError);
      await expect(runner.commitTransaction()).rejects.toThrow(UnrecordedWriteError);
      await runner.rollbackTransaction();
      await runner.release();
      expect(await manager.countBy(Toy, {})).toBe(2);
      await expectInvariants(dataSource);
    });
  },
  worldNames().filter((name) => name !== 'sqlite'),
);
