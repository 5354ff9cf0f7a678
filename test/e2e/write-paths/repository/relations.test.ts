import {
  Column,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
} from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { describePaths, type ExpectedRevision } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Room {
  @PrimaryColumn() id: number;
  @OneToMany(() => Stay, (stay) => stay.room) stays: Stay[];
  @ManyToMany(() => Tag, (tag) => tag.rooms) @JoinTable({ name: 'room_tag' }) tags: Tag[];
  @OneToOne(() => Key, (key) => key.room) key: Key | null;
}

@Audited()
@Entity()
class Stay {
  @PrimaryColumn() id: number;
  @ManyToOne(() => Room, (room) => room.stays, { nullable: true }) room: Room | null;
}

@Audited()
@Entity()
class Tag {
  @PrimaryColumn({ length: 10 }) name: string;
  @Column({ default: 1 }) weight: number;
  @ManyToMany(() => Room, (room) => room.tags) rooms: Room[];
}

@Audited()
@Entity()
class Key {
  @PrimaryColumn() id: number;
  @OneToOne(() => Room, (room) => room.key, { nullable: true }) @JoinColumn() room: Room | null;
}

/** Rooms 1 and 2; stays 1 and 2 in room 1, 3 in none; room 1 tagged a and b. */
async function hotel({ manager }: World): Promise<void> {
  await manager.save(
    Tag,
    ['a', 'b', 'c'].map((name) => ({ name })),
  );
  await manager.save(Room, [{ id: 1, tags: [{ name: 'a' }, { name: 'b' }] }, { id: 2 }]);
  await manager.save(Stay, [{ id: 1, room: { id: 1 } }, { id: 2, room: { id: 1 } }, { id: 3 }]);
  await manager.save(Key, [{ id: 1, room: { id: 1 } }, { id: 2 }]);
}

const relation =
  (of: typeof Room | typeof Stay | typeof Tag | typeof Key, name: string) =>
  ({ manager }: World) =>
    manager.createQueryBuilder().relation(of, name);
const stays = (...ids: number[]): ExpectedRevision[] => ids.map((id) => ['stay', 'update', id, 2]);
const tagged = (operation: 'insert' | 'delete', room: number, ...tags: string[]): ExpectedRevision[] =>
  tags.map((tag) => ['room_tag', operation, [room, tag], operation === 'insert' ? 1 : 2]);

describePaths(
  'relation builders',
  [Room, Stay, Tag, Key],
  [
    {
      name: 'relation(one-to-many).add()',
      before: hotel,
      write: (world) => relation(Room, 'stays')(world).of(2).add([1, 3]),
      revisions: stays(1, 3),
    },
    {
      name: 'relation(one-to-many).remove()',
      before: hotel,
      write: (world) => relation(Room, 'stays')(world).of(1).remove({ id: 2 }),
      revisions: stays(2),
    },
    {
      name: 'relation(one-to-many).remove() of what is not in it',
      before: hotel,
      write: (world) => relation(Room, 'stays')(world).of(2).remove(1),
    },
    {
      name: 'relation(one-to-many).addAndRemove()',
      before: hotel,
      write: (world) => relation(Room, 'stays')(world).of(1).addAndRemove([3], [1]),
      revisions: stays(1, 3),
      transactions: 2,
    },
    {
      name: 'relation(many-to-one).set()',
      before: hotel,
      write: (world) => relation(Stay, 'room')(world).of([1, 3]).set(2),
      revisions: stays(1, 3),
    },
    {
      name: 'relation(many-to-one).set() to what it is',
      before: hotel,
      write: (world) => relation(Stay, 'room')(world).of(1).set(1),
    },
    {
      name: 'relation(many-to-one).set(null)',
      before: hotel,
      write: (world) => relation(Stay, 'room')(world).of(1).set(null),
      revisions: stays(1),
    },
    {
      name: 'relation(one-to-one).set()',
      before: hotel,
      write: (world) => relation(Key, 'room')(world).of(2).set(2),
      revisions: [['key', 'update', 2, 2]],
    },
    {
      name: 'relation(one-to-one, inverse side).set(null)',
      before: hotel,
      write: (world) => relation(Room, 'key')(world).of(1).set(null),
      revisions: [['key', 'update', 1, 2]],
    },
    {
      name: 'relation(many-to-many).add()',
      before: hotel,
      write: (world) => relation(Room, 'tags')(world).of([1, 2]).add('c'),
      revisions: [...tagged('insert', 1, 'c'), ...tagged('insert', 2, 'c')],
    },
    {
      name: 'relation(many-to-many).remove()',
      before: hotel,
      write: (world) => relation(Room, 'tags')(world).of({ id: 1 }).remove(['a', 'c']),
      revisions: tagged('delete', 1, 'a'),
    },
    {
      name: 'relation(many-to-many).addAndRemove()',
      before: hotel,
      write: ({ dataSource }) =>
        dataSource.transaction((manager) =>
          manager.createQueryBuilder().relation(Room, 'tags').of(1).addAndRemove(['c'], ['a', 'b']),
        ),
      revisions: [...tagged('delete', 1, 'a', 'b'), ...tagged('insert', 1, 'c')],
    },
    {
      name: 'relation(many-to-many, inverse side).add()',
      before: hotel,
      write: (world) => relation(Tag, 'rooms')(world).of('c').add([1, 2]),
      revisions: [...tagged('insert', 1, 'c'), ...tagged('insert', 2, 'c')],
    },
    {
      name: 'relation(many-to-many, inverse side).remove()',
      before: hotel,
      write: (world) => relation(Tag, 'rooms')(world).of('a').remove(1),
      revisions: tagged('delete', 1, 'a'),
    },
    {
      name: 'relation().loadOne() and loadMany()',
      before: hotel,
      write: async (world) => [
        await relation(Stay, 'room')(world).of(1).loadOne(),
        await relation(Room, 'tags')(world).of(1).loadMany(),
      ],
    },
  ],
);

describePaths(
  'relations by save()',
  [Room, Stay, Tag, Key],
  [
    {
      name: 'save() of a many-to-many',
      before: hotel,
      write: ({ manager }) => manager.save(Room, { id: 1, tags: [{ name: 'b' }, { name: 'c' }] }),
      revisions: [...tagged('delete', 1, 'a'), ...tagged('insert', 1, 'c')],
    },
    {
      name: 'save() of an emptied many-to-many',
      before: hotel,
      write: ({ manager }) => manager.save(Room, { id: 1, tags: [] }),
      revisions: tagged('delete', 1, 'a', 'b'),
    },
    {
      name: 'save() of an unchanged many-to-many',
      before: hotel,
      write: ({ manager }) => manager.save(Room, { id: 1, tags: [{ name: 'a' }, { name: 'b' }] }),
    },
    {
      name: 'save() of a many-to-many from its inverse side',
      before: hotel,
      write: ({ manager }) => manager.save(Tag, { name: 'a', rooms: [{ id: 2 }] }),
      revisions: [...tagged('delete', 1, 'a'), ...tagged('insert', 2, 'a')],
    },
    {
      name: 'save() of a many-to-many pair that was removed before',
      before: async (world) => {
        await hotel(world);
        await world.manager.save(Room, { id: 1, tags: [] });
      },
      write: ({ manager }) => manager.save(Room, { id: 1, tags: [{ name: 'a' }] }),
      revisions: [['room_tag', 'insert', [1, 'a'], 3]],
    },
    {
      name: 'remove() of an entity with a many-to-many',
      before: hotel,
      write: async ({ manager }) => {
        await manager.delete(Key, 1);
        await manager.delete(Stay, [1, 2]);
        return manager.remove(await manager.findOneByOrFail(Room, { id: 1 }));
      },
      revisions: [
        ['key', 'delete', 1, 2],
        ['stay', 'delete', 1, 2],
        ['stay', 'delete', 2, 2],
        ['room', 'delete', 1, 2],
        ...tagged('delete', 1, 'a', 'b'),
      ],
      transactions: 3,
    },
    {
      name: 'remove() of an entity with a loaded many-to-many',
      before: hotel,
      write: async ({ manager }) =>
        manager.remove(
          await manager.findOneOrFail(Tag, { where: { name: 'a' }, relations: { rooms: true } }),
        ),
      revisions: [['tag', 'delete', 'a', 2], ...tagged('delete', 1, 'a')],
    },
  ],
);
