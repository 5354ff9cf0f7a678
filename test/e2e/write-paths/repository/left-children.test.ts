import { expect, it } from '@jest/globals';
import { Column, Entity, JoinColumn, ManyToOne, MoreThan, PrimaryColumn } from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { expectInvariants } from '../../../support/assertions/invariants.js';
import { describeWorlds } from '../../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Shelf {
  @PrimaryColumn('int') id: number;
}

@Audited()
@Entity()
class Box {
  @PrimaryColumn('int') id: number;
  @Column('int') shelfId: number;
  @ManyToOne(() => Shelf, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'shelfId' }) shelf: Shelf;
}

@Audited()
@Entity()
class Thing {
  @PrimaryColumn('int') id: number;
  @Column('int') boxId: number;
  @ManyToOne(() => Box, { onDelete: 'CASCADE' }) @JoinColumn({ name: 'boxId' }) box: Box;
}

describeWorlds('a delete that cascades', { entities: [Shelf, Box, Thing] }, (world) => {
  // MySQL 9.7 leaves things behind here, and then their history must not say that they are gone.
  it('records what it has deleted, and nothing of the rows that it has left', async () => {
    const { manager, dataSource } = world();
    for (const id of [1, 2, 3]) {
      await manager.insert(Shelf, { id });
      await manager.insert(Box, { id, shelfId: id });
      await manager.insert(Thing, { id, boxId: id });
    }
    await manager.delete(Shelf, { id: MoreThan(0) });
    expect(await manager.count(Shelf)).toBe(0);
    await expectInvariants(dataSource);
  });
});
