import {
  ChildEntity,
  Column,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { Audited } from '../../../../src/audited/decorators/audited.decorator.js';
import { describePaths, type ExpectedRevision } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';

@Entity()
class Owner {
  @PrimaryGeneratedColumn() id: number;
}

@Audited()
@Entity()
@TableInheritance({ column: { type: 'varchar', length: 10, name: 'kind' } })
class Content {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) title: string;
  @DeleteDateColumn() deletedAt: Date | null;
}

@ChildEntity('photo')
class Photo extends Content {
  @Column({ type: 'int', nullable: true }) width: number | null;
  @ManyToOne(() => Owner, { onDelete: 'CASCADE', nullable: true }) owner: Owner | null;
}

@ChildEntity('post')
class Post extends Content {
  @Column({ type: 'varchar', length: 20, nullable: true }) text: string | null;
}

/** Photos 1 and 2, posts 3 and 4. */
async function contents({ manager }: World): Promise<void> {
  await manager.save(Owner, {});
  await manager.save(Photo, [
    { title: 'a', width: 1, owner: { id: 1 } },
    { title: 'b', width: 2 },
  ]);
  await manager.save(Post, [{ title: 'c', text: 'x' }, { title: 'd' }]);
}
const content = (operation: ExpectedRevision[1], version: number, ...ids: number[]): ExpectedRevision[] =>
  ids.map((id) => ['content', operation, id, version]);

describePaths(
  'single-table inheritance',
  [Owner, Content, Photo, Post],
  [
    {
      name: 'save() by the child’s repository',
      write: ({ dataSource }) => dataSource.getRepository(Photo).save({ title: 'a', width: 3 }),
      revisions: content('insert', 1, 1),
    },
    {
      name: 'save() of children by the parent’s repository',
      write: ({ dataSource, manager }) =>
        dataSource
          .getRepository(Content)
          .save([
            manager.create(Photo, { title: 'a', width: 3 }),
            manager.create(Post, { title: 'b', text: 'x' }),
          ]),
      revisions: content('insert', 1, 1, 2),
    },
    {
      name: 'insert() by the child’s repository',
      write: ({ manager }) => manager.insert(Post, [{ title: 'a', text: 'x' }, { title: 'b' }]),
      revisions: content('insert', 1, 1, 2),
    },
    {
      name: 'save() of a changed child by the parent’s repository',
      before: contents,
      write: async ({ dataSource }) => {
        const repository = dataSource.getRepository(Content);
        const photo = (await repository.findOneByOrFail({ id: 1 })) as Photo;
        photo.width = 9;
        await repository.save(photo);
      },
      revisions: content('update', 2, 1),
    },
    {
      name: 'update() by the parent’s repository',
      before: contents,
      write: ({ manager }) => manager.update(Content, [1, 3], { title: 'z' }),
      revisions: content('update', 2, 1, 3),
    },
    {
      name: 'update() by the child’s repository, of its own rows only',
      before: contents,
      write: ({ manager }) => manager.createQueryBuilder().update(Post).set({ title: 'z' }).execute(),
      revisions: content('update', 2, 3, 4),
    },
    {
      name: 'update() by the child’s repository, of another’s row',
      before: contents,
      write: ({ manager }) => manager.update(Post, 1, { title: 'z' }),
    },
    {
      name: 'remove() by the parent’s repository',
      before: contents,
      write: async ({ manager }) =>
        manager.remove(Content, await manager.findOneByOrFail(Content, { id: 3 })),
      revisions: content('delete', 2, 3),
    },
    {
      name: 'delete() by the child’s repository',
      before: contents,
      write: ({ manager }) => manager.delete(Photo, [1, 3]),
      revisions: content('delete', 2, 1),
    },
    {
      name: 'delete() that cascades into a child',
      before: contents,
      write: ({ manager }) => manager.delete(Owner, 1),
      revisions: content('delete', 2, 1),
    },
    {
      name: 'clear() by the child’s repository, of the whole table',
      before: contents,
      write: ({ dataSource }) => dataSource.getRepository(Photo).clear(),
      revisions: content('delete', 2, 1, 2, 3, 4),
    },
    {
      name: 'softDelete() and restore() by the child’s repository',
      before: contents,
      write: async ({ manager }) => [await manager.softDelete(Post, [1, 4]), await manager.restore(Post, 4)],
      revisions: [...content('soft-delete', 2, 4), ...content('restore', 3, 4)],
      transactions: 2,
    },
    {
      name: 'softRemove() by the parent’s repository',
      before: contents,
      write: async ({ manager }) => manager.softRemove(await manager.findOneByOrFail(Content, { id: 1 })),
      revisions: content('soft-delete', 2, 1),
    },
  ],
);

class Address {
  @Column({ length: 20 }) city: string;
  @Column({ type: 'int', nullable: true }) number: number | null;
}

class Contact {
  @Column(() => Address) address: Address;
  @Column({ type: 'varchar', length: 20, nullable: true }) phone: string | null;
}

@Audited()
@Entity()
class Member {
  @PrimaryGeneratedColumn() id: number;
  @Column(() => Contact) contact: Contact;
}

const member = ({ manager }: World): Promise<unknown> =>
  manager.save(Member, { contact: { address: { city: 'Delft', number: 1 } } });

describePaths(
  'embedded columns',
  [Member],
  [
    { name: 'save() of embedded columns', write: member, revisions: [['member', 'insert', 1, 1]] },
    {
      name: 'save() of changed embedded columns',
      before: member,
      write: ({ manager }) => manager.save(Member, { id: 1, contact: { address: { number: 2 } } }),
      revisions: [['member', 'update', 1, 2]],
    },
    {
      name: 'update() of embedded columns',
      before: member,
      write: ({ manager }) =>
        manager.update(Member, 1, { contact: { phone: '1', address: { city: 'Delft' } } }),
      revisions: [['member', 'update', 1, 2]],
    },
    {
      name: 'increment() of an embedded column',
      before: member,
      write: ({ manager }) =>
        manager.increment(Member, { contact: { address: { city: 'Delft' } } }, 'contact.address.number', 1),
      revisions: [['member', 'update', 1, 2]],
    },
  ],
);
