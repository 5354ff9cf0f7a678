import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, ManyToOne, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { attachCapture } from '../../../src/capture/attach-capture.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { SUITE } from '../../support/worlds/write-paths.js';
import { openWorld, type World, worldNames } from '../../support/worlds/write-worlds.js';

@Entity()
class Owner {
  @PrimaryColumn() id: number;
}

@Audited()
@Entity()
class Pet {
  @PrimaryColumn() id: number;
  @Column({ default: 1 }) age: number;
  @ManyToOne(() => Owner, { onDelete: 'CASCADE', nullable: true }) owner: Owner | null;
}

const options = { entities: [Owner, Pet] };

/** Writes by an event, a builder and a cascade, after which the revisions are those of pets 1 and 2. */
async function write({ manager, context }: World, actor = 'ann'): Promise<void> {
  await context.run({ actor }, async () => {
    await manager.insert(Owner, { id: 1 });
    await manager.save(Pet, [{ id: 1, owner: { id: 1 } }, { id: 2 }]);
    await manager.update(Pet, 2, { age: 3 });
    await manager.delete(Owner, 1);
  });
}

async function recorded({ manager }: World): Promise<string[]> {
  const revisions = await manager.find(revisionOf(Pet), { order: { id: 'ASC', revVersion: 'ASC' } });
  return revisions.map(
    ({ id, revVersion, revOperation, revActor }) => `${id}: ${revVersion} ${revOperation} by ${revActor}`,
  );
}

const written = ['1: 1 insert by ann', '1: 2 delete by ann', '2: 1 insert by ann', '2: 2 update by ann'];

describe(`${SUITE}data sources`, () => {
  describe.each(worldNames())('%s', (name) => {
    let world: World;
    beforeEach(async () => {
      world = await openWorld(name, options);
    });
    afterEach(() => world.close());

    it('records writes after a new DataSource() elsewhere', async () => {
      new DataSource({ type: 'better-sqlite3', database: ':memory:', entities: [] });
      await write(world);
      expect(await recorded(world)).toEqual(written);
      await expectInvariants(world.dataSource);
    });

    it('records writes of a data source that was destroyed and initialised again', async () => {
      await world.dataSource.destroy();
      await world.dataSource.initialize();
      await write(world);
      expect(await recorded(world)).toEqual(written);
      await expectInvariants(world.dataSource);
    });

    it('records writes of two data sources, each with its own actor', async () => {
      const other = await openWorld(name, options);
      try {
        await Promise.all([write(world), write(other, 'bob')]);
        expect(await recorded(world)).toEqual(written);
        expect(await recorded(other)).toEqual(written.map((revision) => revision.replace('ann', 'bob')));
        await expectInvariants(world.dataSource);
        await expectInvariants(other.dataSource);
      } finally {
        await other.close();
      }
    });

    it('leaves out writes of a data source that is not audited, beside one that is', async () => {
      const other = await openWorld(name, options, false);
      try {
        await write(other);
        expect(await recorded(other)).toEqual([]);
      } finally {
        await other.close();
      }
    });

    it('leaves out writes after detach(), and records them again when attached again', async () => {
      world.detach();
      await write(world);
      expect(await recorded(world)).toEqual([]);
      await world.reset();
      attachCapture(world.dataSource, {}, world.context);
      await write(world);
      expect(await recorded(world)).toEqual(written);
      await expectInvariants(world.dataSource);
    });
  });
});
