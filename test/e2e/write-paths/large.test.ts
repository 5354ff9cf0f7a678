import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { type DatabaseName } from '../../support/servers/databases.js';
import { numbers } from '../../support/costs/generated-rows.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { SUITE } from '../../support/worlds/write-paths.js';
import { describeWorlds, openWorld, type World } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Entry {
  @PrimaryGeneratedColumn() id: number;
  // One column to insert: PostgreSQL takes 65,535 parameters.
  @Column() value: number;
}

const rows = (number: number): { value: number }[] =>
  Array.from({ length: number }, (_, value) => ({ value }));
const minutes = 60_000;

/** How many entities are saved. As many are inserted then, and all of them are updated and deleted by one statement. */
const SAVED = process.env.LONG_TESTS === 'true' ? 50_000 : 20_000;

describeWorlds(`${SUITE}large writes`, { entities: [Entry] }, (world) => {
  const recorded = async (operation: 'insert' | 'update' | 'delete'): Promise<number> =>
    world().manager.countBy(revisionOf(Entry), { revOperation: operation });

  it(
    'records save() of tens of thousands of new entities',
    async () => {
      const { dataSource, manager } = world();
      await manager.save(Entry, rows(SAVED));
      expect(await recorded('insert')).toBe(SAVED);
      await expectInvariants(dataSource);
    },
    // On MySQL, TypeORM inserts them one by one, to be told their keys.
    4 * minutes,
  );

  it(
    'records update() of tens of thousands of rows',
    async () => {
      const { dataSource, manager, name } = world();
      await dataSource.query(
        `INSERT INTO entry (value) SELECT ${SAVED} + n FROM ${numbers[name as DatabaseName](SAVED)}`,
      );
      const { affected } = await manager
        .createQueryBuilder()
        .update(Entry)
        .set({ value: () => '-1 - value' })
        .execute();
      expect(affected).toBe(2 * SAVED);
      expect(await recorded('update')).toBe(2 * SAVED);
      await expectInvariants(dataSource);
    },
    2 * minutes,
  );

  it(
    'records delete() of tens of thousands of rows',
    async () => {
      const { dataSource, manager } = world();
      await manager.createQueryBuilder().delete().from(Entry).where('value < 0').execute();
      expect(await recorded('delete')).toBe(2 * SAVED);
      await expectInvariants(dataSource);
    },
    2 * minutes,
  );
});

@Audited()
@Entity()
class Book {
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) title: string;
  @OneToMany(() => Page, (page) => page.book, { cascade: true }) pages: Page[];
}

@Audited()
@Entity()
class Page {
  @PrimaryGeneratedColumn() id: number;
  @Column() number: number;
  @ManyToOne(() => Book, (book) => book.pages) book: Book;
}

const book = (title: string, pages = 1): Partial<Book> => ({
  title,
  pages: Array.from({ length: pages }, (_, number) => ({ number }) as Page),
});

describeWorlds(`${SUITE}statements`, { entities: [Book, Page] }, (world, name) => {
  let plain: World;
  beforeAll(async () => {
    plain = await openWorld(name, { entities: [Book, Page] }, false);
  });
  afterAll(() => plain?.close());

  /** How many statements a write takes more than without audit. */
  const added = async (write: (world: World) => Promise<unknown>): Promise<number> => {
    const counts = [];
    for (const each of [world(), plain]) {
      each.statements.length = 0;
      await write(each);
      // Whether revisions have been pruned is asked again from time to time. Some databases insert a changeset by a
      // statement of its own, once for each transaction and table.
      const isOther = (statement: string): boolean =>
        statement.includes('audit_maintenance') || /^INSERT [A-Z ]*INTO .audit_changeset/.test(statement);
      counts.push(each.statements.filter((statement) => !isOther(statement)).length);
    }
    return counts[0] - counts[1];
  };

  it('adds one statement to save() of one new entity', async () => {
    // The first write also asks for what is kept from then on.
    await added(({ manager }) => manager.save(Book, [book('first'), book('second')]));
    expect(await added(({ manager }) => manager.save(Book, { title: 'a' }))).toBe(1);
  });

  it(
    'adds one statement for each audited table to save() of 1,000 new entities',
    async () => {
      const books = Array.from({ length: 1_000 }, (_, n) => `${n}`);
      expect(
        await added(({ manager }) =>
          manager.save(
            Book,
            books.map((title) => ({ title })),
          ),
        ),
      ).toBe(1);
      expect(
        await added(({ manager }) =>
          manager.save(
            Book,
            books.slice(0, 20).map((title) => book(title, 50)),
          ),
        ),
      ).toBe(2);
    },
    2 * minutes,
  );
});
