import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  type DataSource,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { HistoryService } from '../../../src/history/history.service.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

@Entity()
class Person {
  @PrimaryGeneratedColumn() id: number;
}

class Measures {
  @Column({ type: 'int', nullable: true }) width: number | null;
}

class BoxMeasures extends Measures {
  @Column({ type: 'int', nullable: true }) height: number | null;
}

@Audited()
@Entity()
@TableInheritance({ column: { name: 'kind', type: 'varchar', length: 20 } })
abstract class Shape {
  @PrimaryGeneratedColumn() id: number;
  @Column(() => Measures, { prefix: 'outer' }) outer: Measures;
}

@ChildEntity()
class Circle extends Shape {
  @Column({ type: 'int' }) size: number;
  @ManyToOne(() => Person, { nullable: true }) @JoinColumn({ name: 'owner_id' }) owner: Person | null;
  @Column(() => Measures, { prefix: 'circle' }) inner: Measures;
}

@ChildEntity()
class Square extends Shape {
  @Column({ type: 'int' }) size: number;
  @ManyToOne(() => Person, { nullable: true }) @JoinColumn({ name: 'owner_id' }) owner: Person | null;
  @Column(() => BoxMeasures, { prefix: 'square' }) inner: BoxMeasures;
}

@ChildEntity()
class Dot extends Shape {}

describeDatabases('children of a single-table inheritance that declare the same properties', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;
  let history: HistoryService;
  let owner: Person;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Person, Shape, Circle, Square, Dot] });
    ({ dataSource } = audited);
    history = new HistoryService(dataSource);
    owner = await dataSource.getRepository(Person).save({});
  });
  afterEach(() => expectInvariants(dataSource));
  afterAll(() => audited.close());

  it.each([Circle, Square])('have them in all that is read of their history: %p', async (Child) => {
    const repository = dataSource.getRepository<Circle | Square>(Child);
    const shape = await repository.save(
      repository.create({ size: 1, owner: { id: owner.id }, outer: { width: 3 }, inner: { width: 4 } }),
    );
    await repository.save({ id: shape.id, size: 2, owner: null });
    await repository.save({ id: shape.id, inner: { width: 5 } });

    const { snapshot } = (await history.latest(Child, shape.id))!;
    expect(snapshot).toBeInstanceOf(Child);
    expect(snapshot).toMatchObject({ size: 2, owner_id: null, outer: { width: 3 }, inner: { width: 5 } });
    expect(await history.asOf(Child, shape.id, 1)).toMatchObject({ size: 1, owner_id: owner.id });
    expect(await history.diff(Shape, shape.id, 1, 3)).toEqual([
      { property: 'size', from: 1, to: 2 },
      { property: 'owner_id', from: owner.id, to: null },
      { property: 'inner.width', from: 4, to: 5 },
    ]);
    for (const [property, versions] of [
      ['size', [2, 1]],
      ['owner', [2, 1]],
      ['inner', [3, 1]],
      ['inner.width', [3, 1]],
    ] as const) {
      const { items } = await history.timeline(Child, shape.id, { property });
      expect([property, ...items.map(({ version }) => version)]).toEqual([property, ...versions]);
    }
    const first = (await history.revision(Child, shape.id, 1))!;
    expect(await history.at(first).findOneBy(Child, { id: shape.id })).toMatchObject({
      size: 1,
      inner: { width: 4 },
    });

    const restored = await history.restore(Child, shape.id, 1);
    expect(restored?.snapshot).toMatchObject({ size: 1, owner_id: owner.id, inner: { width: 4 } });
    expect(await repository.findOneBy({ id: shape.id })).toMatchObject({ size: 1, inner: { width: 4 } });
  });

  it('have none of what only another child declares', async () => {
    const { id } = await dataSource.getRepository(Dot).save({ outer: { width: 1 } });
    const { snapshot, changes } = (await history.latest(Dot, id))!;
    expect(snapshot).toBeInstanceOf(Dot);
    expect(snapshot).toEqual({ id, outer: { width: 1 }, kind: 'Dot' });
    expect(changes.map(({ property }) => property)).toEqual(['kind', 'outer.width']);
    const circle = await dataSource.getRepository(Circle).save({ size: 1 });
    const { snapshot: ofCircle } = (await history.latest(Circle, circle.id))!;
    expect(ofCircle!.inner).not.toHaveProperty('height');
  });
});
