import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
} from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { describePaths, type ExpectedRevision, type WritePath } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';

/** Not audited itself. */
@Entity()
class Album {
  @PrimaryColumn() id: number;
  @OneToMany(() => Nullified, (child) => child.album, { cascade: true }) nullified: Nullified[];
  @OneToMany(() => Deleted, (child) => child.album, { cascade: true }) deleted: Deleted[];
  @OneToMany(() => SoftDeleted, (child) => child.album, { cascade: true }) softDeleted: SoftDeleted[];
  @OneToMany(() => Disabled, (child) => child.album, { cascade: true }) disabled: Disabled[];
  @OneToOne(() => Cover, (cover) => cover.album, { cascade: true }) cover: Cover | null;
}

abstract class Child {
  @PrimaryColumn() id: number;
  @PrimaryColumn({ length: 5 }) part: string;
  @Column({ default: 1 }) value: number;
}

@Audited()
@Entity()
class Nullified extends Child {
  @ManyToOne(() => Album, (album) => album.nullified) album: Album | null;
}

@Audited()
@Entity()
class Deleted extends Child {
  @ManyToOne(() => Album, (album) => album.deleted, { orphanedRowAction: 'delete' }) album: Album | null;
}

@Audited()
@Entity()
class SoftDeleted extends Child {
  @ManyToOne(() => Album, (album) => album.softDeleted, { orphanedRowAction: 'soft-delete' })
  album: Album | null;
  @DeleteDateColumn() deletedAt: Date | null;
}

@Audited()
@Entity()
class Disabled extends Child {
  @ManyToOne(() => Album, (album) => album.disabled, { orphanedRowAction: 'disable' }) album: Album | null;
}

@Audited()
@Entity()
class Cover {
  @PrimaryColumn() id: number;
  @OneToOne(() => Album, (album) => album.cover, { nullable: true }) @JoinColumn() album: Album | null;
}

type Children = 'nullified' | 'deleted' | 'softDeleted' | 'disabled';
const parts = (...names: string[]): Child[] => names.map((part) => ({ id: 1, part }) as Child);
const album =
  (property: Children) =>
  ({ manager }: World): Promise<unknown> =>
    manager.save(Album, { id: 1, [property]: parts('a', 'b', 'c') });

const dropped: [property: Children, revisions: (...names: string[]) => ExpectedRevision[]][] = [
  ['nullified', (...names) => names.map((part) => ['nullified', 'update', [1, part], 2])],
  ['deleted', (...names) => names.map((part) => ['deleted', 'delete', [1, part], 2])],
  ['softDeleted', (...names) => names.map((part) => ['soft_deleted', 'soft-delete', [1, part], 2])],
  ['disabled', () => []],
];

describePaths(
  'orphans',
  [Album, Nullified, Deleted, SoftDeleted, Disabled, Cover],
  [
    ...dropped.flatMap(([property, revisions]): WritePath[] => [
      {
        name: `save() without some children (${property})`,
        before: album(property),
        write: ({ manager }) => manager.save(Album, { id: 1, [property]: parts('b') }),
        revisions: revisions('a', 'c'),
      },
      {
        name: `save() without any children (${property})`,
        before: album(property),
        write: ({ manager }) => manager.save(Album, { id: 1, [property]: [] }),
        revisions: revisions('a', 'b', 'c'),
      },
      {
        name: `save() without some children, with { reload: false } (${property})`,
        before: album(property),
        write: ({ manager }) =>
          manager.save(Album, { id: 1, [property]: parts('a', 'b') }, { reload: false }),
        revisions: revisions('c'),
      },
    ]),
    {
      name: 'save() that drops, changes and adds children',
      before: album('nullified'),
      write: ({ manager }) =>
        manager.save(Album, {
          id: 1,
          nullified: [
            { id: 1, part: 'a', value: 9 },
            { id: 1, part: 'b' },
            { id: 1, part: 'd' },
          ],
        }),
      revisions: [
        ['nullified', 'update', [1, 'a'], 2],
        ['nullified', 'update', [1, 'c'], 2],
        ['nullified', 'insert', [1, 'd'], 1],
      ],
    },
    {
      name: 'save() of a parent that takes children from another',
      before: async (world) => {
        await album('nullified')(world);
        await world.manager.save(Album, { id: 2 });
      },
      write: ({ manager }) => manager.save(Album, { id: 2, nullified: parts('a') }),
      revisions: [['nullified', 'update', [1, 'a'], 2]],
    },
    {
      name: 'save() without its one-to-one',
      before: ({ manager }) => manager.save(Album, { id: 1, cover: { id: 5 } }),
      write: ({ manager }) => manager.save(Album, { id: 1, cover: null }),
      revisions: [['cover', 'update', 5, 2]],
    },
  ],
);
