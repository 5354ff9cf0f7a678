import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  AfterLoad,
  ChildEntity,
  Column,
  type DataSource,
  Entity,
  type EntitySubscriberInterface,
  type LoadEvent,
  PrimaryGeneratedColumn,
  TableInheritance,
  UpdateDateColumn,
} from 'typeorm';
import { Audited } from '../../src/audited/audited.decorator.js';
import { HistoryService } from '../../src/history/history.service.js';
import { describeDatabases } from '../support/databases.js';
import { type AuditedDatabase, openAudited } from '../support/entities.js';

@Audited()
@Entity()
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
class Person {
  @PrimaryGeneratedColumn() id: number;
  @Column() first: string;
  @Column() last: string;
  @UpdateDateColumn({ precision: 3 }) updatedAt: Date;
  fullName: string;
  greeting: string;

  @AfterLoad()
  async join(): Promise<void> {
    await Promise.resolve();
    this.fullName = `${this.first} ${this.last}`;
  }
}

@ChildEntity()
class Guest extends Person {
  stars: string;

  @AfterLoad()
  count(): void {
    this.stars = '***';
  }
}

class Greeter implements EntitySubscriberInterface<Person> {
  listenTo() {
    return Person;
  }

  async afterLoad(person: Person, event?: LoadEvent<Person>): Promise<void> {
    const [{ hello }] = await event!.manager.query<{ hello: string }[]>(`SELECT 'hello' AS hello`);
    person.greeting = `${hello} ${person.first}`;
  }
}

describeDatabases('an entity of the past', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let id: number;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Person, Guest] });
    ({ dataSource } = audited);
    dataSource.subscribers.push(new Greeter());
    history = new HistoryService(dataSource);
  });
  beforeEach(async () => {
    const guests = dataSource.getRepository(Guest);
    ({ id } = await guests.save(guests.create({ first: 'Ann', last: 'Lee' })));
    await guests.update({ id }, { first: 'Anna' });
  });
  afterAll(() => audited.close());

  it('has been through @AfterLoad() and subscribers, as one of the present and of at()', async () => {
    const loaded = { first: 'Anna', fullName: 'Anna Lee', stars: '***', greeting: 'hello Anna' };
    const before = { first: 'Ann', fullName: 'Ann Lee', stars: '***', greeting: 'hello Ann' };
    expect(await dataSource.getRepository(Person).findOneBy({ id })).toMatchObject(loaded);
    const newest = (await history.latest(Person, id))!;
    expect(await history.at(newest).findOneBy(Person, { id })).toMatchObject(loaded);
    expect(newest.snapshot).toMatchObject(loaded);
    expect(await history.asOf(Guest, id, 2)).toMatchObject(loaded);
    expect(await history.asOf(Person, id, 1)).toMatchObject(before);
    expect((await history.revision(Person, id, 1))!.snapshot).toMatchObject(before);
    const timeline = await history.timeline(Person, id);
    expect(timeline.items.map(({ snapshot }) => snapshot)).toMatchObject([loaded, before]);
    const feed = await history.changes({ limit: 1 });
    expect(feed.items[0].snapshot).toMatchObject(loaded);
    expect((await history.transaction(newest.transaction))[0].snapshot).toMatchObject(loaded);
    expect(newest.changes.map(({ property }) => property)).not.toContain('fullName');
    const restored = await history.restore(Person, id, 1);
    expect(restored!.snapshot).toMatchObject(before);
    const [undone] = await dataSource.transaction((manager) =>
      history.undo(restored!.transaction, { manager }),
    );
    expect(undone.snapshot).toMatchObject(loaded);
  });

  it('is the row as of its newest revision, and as of its updatedAt the version before', async () => {
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    // Longer than the second to which some databases set updatedAt.
    await sleep(1_100);
    await dataSource.transaction(async (manager) => {
      await manager.count(Guest);
      await sleep(20);
      await manager.update(Guest, { id }, { first: 'Eve' });
    });
    const row = await dataSource.getRepository(Guest).findOneByOrFail({ id });
    const newest = (await history.latest(Guest, id))!;
    expect(await history.asOf(Guest, id, newest)).toMatchObject({ ...row });
    expect(row.updatedAt.getTime()).toBeLessThanOrEqual(newest.createdAt.getTime());
    const isSameMoment = row.updatedAt.getTime() === newest.createdAt.getTime();
    const asOfUpdate = await history.asOf(Guest, id, row.updatedAt);
    expect(asOfUpdate?.first).toBe(isSameMoment ? 'Eve' : 'Anna');
  });
});
