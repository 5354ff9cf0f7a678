import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  EntitySchema,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
  UpdateDateColumn,
  VersionColumn,
  VirtualColumn,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { describeDatabases } from '../../support/servers/databases.js';
import {
  type AuditedDatabase,
  expectMigratable,
  expectRecorded,
  expectRecordedTogether,
  openAudited,
  readRevisions,
} from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { tableShape } from '../../support/assertions/table-shape.js';

@Entity()
class Country {
  @PrimaryColumn({ length: 2 }) code: string;
}

// Embeddeds: nested, prefixed, used twice, with a relation.

class Geo {
  @Column('double precision') lat: number;
  @Column('double precision', { name: 'long' }) lng: number;
}

class Address {
  @Column() city: string;
  @Column(() => Geo) geo: Geo;
  @ManyToOne(() => Country) @JoinColumn({ name: 'country_code' }) country: Country | null;

  get label(): string {
    return `${this.city} (${this.country?.code})`;
  }
}

class Stamps {
  @CreateDateColumn() created: Date;
  @UpdateDateColumn() updated: Date;
  @DeleteDateColumn() deleted: Date | null;
  @VersionColumn() version: number;
}

@Audited()
@Entity()
class Customer {
  @PrimaryGeneratedColumn() id: number;
  @Column(() => Address) home: Address;
  @Column(() => Address, { prefix: 'job' }) work: Address;
  @Column(() => Geo, { prefix: false }) seen: Geo;
  @Column(() => Stamps) stamps: Stamps;
  @VirtualColumn({ query: (alias) => `${alias}.id + 1` }) next: number;
}

// Inheritance: one table for all, an abstract base class, a table for each.

@Audited()
@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
abstract class Vehicle {
  @PrimaryGeneratedColumn() id: number;
  @Column() wheels: number;
  @DeleteDateColumn() deletedAt: Date | null;
}

@ChildEntity()
class Car extends Vehicle {
  @Column() doors: number;
  @ManyToOne(() => Country) madeIn: Country;
}

@ChildEntity('racer')
class Racer extends Car {
  @Column({ name: 'paid_by' }) sponsor: string;
}

@ChildEntity()
class Lorry extends Vehicle {
  @Column(() => Geo) depot: Geo;
  @ManyToMany(() => Country) @JoinTable({ name: 'lorry_routes' }) routes: Country[];
}

@Audited({ name: 'taken by nobody', tableName: 'of_nobody' })
abstract class Base {
  @PrimaryGeneratedColumn('uuid') id: string;
  @CreateDateColumn() createdAt: Date;
  @VersionColumn() version: number;
}

@Entity()
class Invoice extends Base {
  @Column() total: number;
}

@Entity()
class Receipt extends Invoice {
  @Column() paid: number;
}

// Schemas without decorators: of a class, and of a name only.

class Seat {
  id: number;
  row: string;
}
const seats = new EntitySchema<Seat>({
  name: 'Seat',
  target: Seat,
  columns: {
    id: { type: Number, primary: true, generated: 'increment' },
    row: { type: String, name: 'seat_row' },
  },
});
Audited()(seats);

const places = new EntitySchema<{ x: number; y: number }>({
  name: 'Place',
  columns: { x: { type: Number }, y: { type: Number } },
});
const tickets = new EntitySchema<{
  number: string;
  price: number;
  place: { x: number; y: number };
  seat: Seat;
}>({
  name: 'Ticket',
  tableName: 'tickets',
  columns: {
    number: { type: 'varchar', length: 20, primary: true },
    price: { type: Number, nullable: true },
  },
  embeddeds: { place: { schema: places, prefix: 'place_' } },
  relations: { seat: { type: 'many-to-one', target: 'Seat', joinColumn: { name: 'seat_id' } } },
});
Audited()(tickets);

// Junction tables of the relations that an audited entity owns.

@Audited()
@Entity()
class Tag {
  @PrimaryColumn({ length: 10 }) group: string;
  @PrimaryColumn({ length: 10 }) name: string;
  @ManyToMany(() => Post, (post) => post.tags) posts: Post[];
}

@Audited()
@Entity()
class Post {
  @PrimaryGeneratedColumn('uuid') id: string;
  @ManyToMany(() => Tag, (tag) => tag.posts) @JoinTable() tags: Tag[];
  @ManyToMany(() => Post)
  @JoinTable({ joinColumn: { name: 'from' }, inverseJoinColumn: { name: 'to' } })
  links: Post[];
  @ManyToOne(() => Post, (post) => post.answers) @JoinColumn({ name: 'answer_to' }) question: Post | null;
  @ManyToOne(() => Tag) mainTag: Tag | null;
  @OneToMany(() => Post, (post) => post.question) answers: Post[];
}

@Audited()
@Entity()
@Tree('materialized-path')
class Folder {
  @PrimaryGeneratedColumn() id: number;
  @TreeParent() parent: Folder | null;
  @TreeChildren() children: Folder[];
}

@Audited()
@Entity()
@Tree('closure-table')
class Area {
  @PrimaryGeneratedColumn() id: number;
  @TreeParent() parent: Area | null;
  @TreeChildren() children: Area[];
}

@Audited()
@Entity('order')
class Order {
  @PrimaryGeneratedColumn() key: number;
  @Column({ name: 'Group' }) from: number;
}

const entities = [
  Order,
  Country,
  Customer,
  Vehicle,
  Car,
  Racer,
  Lorry,
  Invoice,
  Receipt,
  seats,
  tickets,
  Tag,
  Post,
  Folder,
  Area,
];

describeDatabases('The revision table', (name) => {
  let audited: AuditedDatabase;
  const columnsOf = async (table: string): Promise<string[]> =>
    (await tableShape(audited.dataSource, table)).columns
      .map((column) => column.split(' ')[0])
      .filter((column) => !column.startsWith('rev_'));
  beforeAll(async () => {
    audited = await openAudited(name, { entities, synchronize: false });
    await expectMigratable(audited.dataSource);
    await audited.dataSource.getRepository(Country).insert([{ code: 'NL' }, { code: 'BE' }]);
  });
  afterAll(() => audited?.close());

  it('has the columns of embeddeds, under the same properties', async () => {
    const geo = { lat: 52.1, lng: 4.3 };
    const home = { city: 'Delft', geo, country: { code: 'NL' } };
    await expectRecorded(audited.dataSource, Customer, [
      { home, work: { ...home, country: null }, seen: geo },
      { work: { geo: { lat: 0 } } },
      { home: { country: { code: 'BE' } } },
      { seen: { lng: -1 }, home: { city: 'Gent' } },
    ]);
    expect((await columnsOf('customer_rev')).sort()).toEqual((await columnsOf('customer')).sort());
    const [revision] = await audited.dataSource
      .getRepository(revisionOf(Customer))
      .find({ where: { home: { geo } } });
    expect(revision.home).toBeInstanceOf(Address);
    expect(revision).toMatchObject({ home: { city: 'Delft' }, homeCountry_code: 'NL' });
  });

  it('holds all classes of a single-table inheritance', async () => {
    await expectRecorded(audited.dataSource, Car, [
      { wheels: 4, doors: 5, madeIn: { code: 'NL' } },
      { doors: 3 },
      { madeIn: { code: 'BE' } },
    ]);
    await expectRecorded(audited.dataSource, Racer, [
      { wheels: 4, doors: 0, sponsor: 'a' },
      { sponsor: 'b' },
    ]);
    await expectRecorded(audited.dataSource, Lorry, [
      { wheels: 6, depot: { lat: 1, lng: 2 } },
      { depot: { lat: 3 } },
    ]);
  });

  it('inherits the mark of an abstract base class, but not its names', async () => {
    await expectRecorded(audited.dataSource, Invoice, [{ total: 1 }, { total: 2 }]);
    await expectRecorded(audited.dataSource, Receipt, [{ total: 1, paid: 0 }, { paid: 1 }]);
    expect(await columnsOf('receipt_rev')).toEqual(['id', 'createdAt', 'version', 'total', 'paid']);
  });

  it('is there for schemas of a class and of a name only', async () => {
    await expectRecorded(audited.dataSource, seats, [{ row: 'a' }, { row: 'b' }]);
    const seat = await audited.dataSource.getRepository(seats).save({ row: 'c' });
    await expectRecordedTogether(
      audited.dataSource,
      tickets,
      [1, 2].map((n) => ({ number: `${n}`, place: { x: n, y: 0 }, seat })),
      { place: { y: 1 }, seat: null },
    );
    const revisions = await audited.dataSource
      .getRepository(revisionOf(tickets))
      .findBy({ number: '1', revVersion: 1 });
    expect(revisions).toMatchObject([{ number: '1', place: { x: 1, y: 0 }, seat_id: seat.id }]);
    expect(await audited.dataSource.getRepository(revisionOf(seats)).countBy({ row: 'b' })).toBe(1);
  });

  it('has one for each junction table that an audited entity owns', async () => {
    const posts = audited.dataSource.getRepository(Post);
    const tags = ['a', 'b', 'c'].map((tag) => ({ group: 'g', name: tag }));
    await audited.dataSource.getRepository(Tag).save(tags);
    const first = await posts.save({ tags: tags.slice(0, 2) as Tag[] });
    await posts.save({ tags: [], links: [first], question: first });
    await posts.save({ id: first.id, tags: tags.slice(1) as Tag[] });
    await posts.save({ id: first.id, tags: [] });
    const operations = (await readRevisions(audited.dataSource, 'post_tags_tag')).map(
      ({ tagName, revOperation }) => `${revOperation} ${tagName}`,
    );
    expect(operations.sort()).toEqual(
      ['delete b', 'delete c', 'delete a', 'insert a', 'insert b', 'insert c'].sort(),
    );
    expect(await readRevisions(audited.dataSource, 'post_links_post')).toMatchObject([
      { to: first.id, revOperation: 'insert' },
    ]);
    expect((await tableShape(audited.dataSource, 'post_tags_tag_rev')).keys).toEqual([
      'index (rev_transaction)',
      'primary (rev_id)',
      'unique (postId, tagGroup, tagName, rev_version)',
    ]);
  });

  it('has every column of a foreign key, by its own name', async () => {
    const tag = await audited.dataSource.getRepository(Tag).save({ group: 'h', name: 'd' });
    const { id } = await audited.dataSource.getRepository(Post).save({ mainTag: tag });
    await audited.dataSource.getRepository(Post).save({ id, mainTag: null });
    const revisions = await audited.dataSource.getRepository(revisionOf(Post)).find({ where: { id } });
    expect(revisions).toMatchObject([
      { mainTagGroup: 'h', mainTagName: 'd', answer_to: null },
      { mainTagGroup: null, mainTagName: null, answer_to: null },
    ]);
  });

  it('quotes names that are words of SQL', async () => {
    await expectRecorded(audited.dataSource, Order, [{ from: 1 }, { from: 2 }]);
    expect(await columnsOf('order_rev')).toEqual(['key', 'Group']);
  });

  it('has the columns that a tree adds', async () => {
    const folders = audited.dataSource.getTreeRepository(Folder);
    const root = await folders.save(folders.create());
    await folders.save(folders.create({ parent: root }));
    expect(await readRevisions(audited.dataSource, Folder)).toMatchObject([
      { revOperation: 'insert', mpath: '1.', parentId: null },
      { revOperation: 'insert', mpath: '1.2.', parentId: 1 },
    ]);
    const areas = audited.dataSource.getTreeRepository(Area);
    await areas.save(areas.create({ parent: await areas.save(areas.create()) }));
    expect(await columnsOf('area_rev')).toEqual(['id', 'parentId']);
  });

  it('leaves a history that holds the invariants', () => expectInvariants(audited.dataSource));
});
