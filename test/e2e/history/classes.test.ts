import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  type DataSource,
  Entity,
  type EntityTarget,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { InvalidArgumentError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Audited()
@Entity()
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
abstract class Animal {
  @PrimaryColumn() id: number;
  @Column() name: string;
}

@ChildEntity()
abstract class Mammal extends Animal {
  @Column() legs: number;
}

@ChildEntity('moo')
class Cow extends Mammal {
  @Column() milk: number;
}

@ChildEntity()
class Dog extends Mammal {
  @Column({ type: 'varchar' }) trick: string;
}

@ChildEntity()
class Fish extends Animal {
  @Column() depth: number;
}

@Audited({ deletedState: 'last' })
@Entity()
@TableInheritance({ column: { name: 'kind', type: 'int' } })
class Plant {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

@ChildEntity(1)
class Tree extends Plant {}

@ChildEntity(2)
class Herb extends Plant {}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

describeDatabases('the history of a child class', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let cow: Cow;
  let dog: Dog;
  let fish: Fish;
  let last = 0;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Animal, Mammal, Cow, Dog, Fish, Plant, Tree, Herb] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
  });
  beforeEach(async () => {
    cow = await dataSource.getRepository(Cow).save({ id: ++last, name: 'Ann', legs: 4, milk: 3 });
    dog = await dataSource.getRepository(Dog).save({ id: ++last, name: 'Bob', legs: 4, trick: 'sit' });
    fish = await dataSource.getRepository(Fish).save({ id: ++last, name: 'Cid', depth: 9 });
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => audited.close());

  const versions = async (entity: EntityTarget<any>, id: number): Promise<number[]> =>
    (await history.timeline(entity, id)).items.map(({ version }) => version);
  const ids = async (...entities: EntityTarget<any>[]): Promise<unknown[]> =>
    (await history.feed({ entities, limit: 200 })).items.map(({ entityId }) => entityId);

  it('is that of its rows, and of the rows of classes that extend it', async () => {
    await dataSource.getRepository(Dog).update({ id: dog.id }, { trick: 'roll' });
    const then = new Date();
    for (const [entity, id] of [
      [Cow, dog.id],
      [Fish, dog.id],
      [Mammal, fish.id],
    ] as const) {
      expect(await history.asOf(entity, id, 1)).toBeNull();
      expect(await history.asOf(entity, id, then)).toBeNull();
      expect(await history.latest(entity, id)).toBeNull();
      expect(await history.revision(entity, id, 1)).toBeNull();
      expect(await versions(entity, id)).toEqual([]);
      await expect(history.diff(entity, id, 1, 2)).rejects.toThrow(InvalidArgumentError);
      await expect(history.restore(entity, id, 1)).rejects.toThrow(`${entity.name} ${id} did not exist`);
      await expect(history.restore(entity, id, then)).rejects.toThrow(InvalidArgumentError);
    }
    for (const entity of [Dog, Mammal, Animal]) {
      expect(await history.asOf(entity, dog.id, 1)).toBeInstanceOf(Dog);
      expect(await history.asOf(entity, dog.id, then)).toMatchObject({ trick: 'roll' });
      expect(await history.latest(entity, dog.id)).toMatchObject({ version: 2 });
      expect(await versions(entity, dog.id)).toEqual([2, 1]);
      expect(await history.diff(entity, dog.id, 1, 2)).toEqual([
        { property: 'trick', from: 'sit', to: 'roll' },
      ]);
    }
    expect(await history.restore(Mammal, dog.id, 1)).toMatchObject({
      version: 3,
      snapshot: { trick: 'sit' },
    });
  });

  it('is in feeds of its class only', async () => {
    const mine = await ids(Cow);
    expect(mine).toContain(cow.id);
    expect(mine).not.toContain(dog.id);
    expect(await ids(Cow, Fish)).toEqual(expect.arrayContaining([cow.id, fish.id]));
    expect(await ids(Cow, Fish)).not.toContain(dog.id);
    expect(await ids(Mammal, Plant)).not.toContain(fish.id);
    for (const all of [[Animal], [Cow, Animal], ['animal'], ['Animal']])
      expect(await ids(...all)).toEqual(expect.arrayContaining([cow.id, dog.id, fish.id]));
    // In pages, each as full as it can be.
    const pages: unknown[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await history.feed({ entities: [Mammal], limit: 1, cursor });
      pages.push(...page.items.map(({ entityId }) => entityId));
      cursor = page.nextCursor;
    }
    expect(pages).toEqual(await ids(Mammal));
  });

  it('has the delete of its rows, and not of others', async () => {
    await dataSource.getRepository(Dog).delete({ id: dog.id });
    expect(await versions(Dog, dog.id)).toEqual([2, 1]);
    expect(await history.latest(Mammal, dog.id)).toMatchObject({ operation: 'delete', snapshot: null });
    expect(await history.latest(Cow, dog.id)).toBeNull();
    expect(await history.asOf(Dog, dog.id, new Date())).toBeNull();
    expect((await ids(Dog)).filter((id) => id === dog.id)).toHaveLength(2);
    expect(await ids(Fish)).not.toContain(dog.id);
    expect(await history.restore(Dog, dog.id, 1)).toMatchObject({ version: 3, snapshot: { trick: 'sit' } });
  });

  it('has the versions in which a row was of the class', async () => {
    const { id } = cow;
    await dataSource.getRepository(Cow).update({ id }, { milk: 5 });
    await pause();
    const asCow = new Date();
    await pause();
    await dataSource.getRepository(Cow).delete({ id });
    await dataSource.getRepository(Dog).insert({ id, name: 'Eve', legs: 4, trick: 'sit' });
    await dataSource.getRepository(Dog).update({ id }, { trick: 'roll' });
    const now = new Date();
    expect(await versions(Cow, id)).toEqual([3, 2, 1]);
    expect(await versions(Dog, id)).toEqual([5, 4]);
    expect(await versions(Animal, id)).toEqual([5, 4, 3, 2, 1]);
    expect(await history.asOf(Cow, id, asCow)).toMatchObject({ milk: 5 });
    expect(await history.asOf(Dog, id, asCow)).toBeNull();
    expect(await history.asOf(Cow, id, now)).toBeNull();
    expect(await history.asOf(Cow, id, 5)).toBeNull();
    expect(await history.asOf(Dog, id, now)).toMatchObject({ trick: 'roll' });
    expect(await history.at(asCow).findOneBy(Dog, { id })).toBeNull();
    expect((await history.revision(Dog, id, 5))!.changes).toEqual([
      { property: 'trick', from: 'sit', to: 'roll' },
    ]);
    const page = await history.timeline(Cow, id, { limit: 2 });
    const rest = await history.timeline(Cow, id, { limit: 2, cursor: page.nextCursor });
    expect([...page.items, ...rest.items].map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(rest.nextCursor).toBeNull();
    await expect(history.restore(Cow, id, 4)).rejects.toThrow(`Cow ${id} did not exist in version 4`);
    await expect(history.restore(Cow, id, now)).rejects.toThrow(InvalidArgumentError);
    expect(await history.restore(Cow, id, 2)).toMatchObject({ version: 6, snapshot: { milk: 5 } });
    expect(await dataSource.getRepository(Animal).findOneBy({ id })).toBeInstanceOf(Cow);
  });

  it('is told by a discriminator of another type, and where deletes have the last state', async () => {
    const tree = await dataSource.getRepository(Tree).save({ name: 'oak' });
    const { id } = tree;
    await dataSource.getRepository(Tree).delete({ id });
    expect(await versions(Tree, id)).toEqual([2, 1]);
    expect(await versions(Plant, id)).toEqual([2, 1]);
    expect(await versions(Herb, id)).toEqual([]);
    expect(await ids(Herb)).toEqual([]);
  });
});
