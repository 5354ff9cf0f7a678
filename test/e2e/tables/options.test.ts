import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  Column,
  Entity,
  EntitySchema,
  JoinTable,
  ManyToMany,
  ManyToOne,
  type ObjectLiteral,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { auditPlansOf } from '../../../src/audited/audit-plans.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { NotAudited } from '../../../src/audited/decorators/not-audited.decorator.js';
import { RevisionId } from '../../../src/audited/decorators/revision-id.decorator.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { describeDatabases } from '../../support/servers/databases.js';
import {
  type AuditedDatabase,
  expectMigratable,
  expectRecorded,
  openAudited,
  readRevisions,
} from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { tableShape } from '../../support/assertions/table-shape.js';

@Entity()
class Tag {
  @PrimaryGeneratedColumn() id: number;
}

class Address {
  @Column({ default: '' }) city: string;
  @NotAudited() @Column({ default: '' }) geohash: string;
  @ManyToOne(() => Tag) zone: Tag;
  @NotAudited() @ManyToOne(() => Tag) region: Tag;
}

@Audited({ exclude: ['counter', 'old', 'current.zone', 'tag', 'labels'] })
@Entity()
class Excluding {
  @PrimaryGeneratedColumn() id: number;
  @Column({ default: 0 }) counter: number;
  @Column({ default: 0 }) kept: number;
  @Column(() => Address) current: Address;
  @Column(() => Address) old: Address;
  @ManyToOne(() => Tag) tag: Tag;
  @ManyToMany(() => Tag) @JoinTable() labels: Tag[];
  @ManyToMany(() => Tag) @JoinTable() tags: Tag[];
}

class WithLastSeen {
  @NotAudited() @Column({ type: 'int', nullable: true }) lastSeen: number | null;
}

@Audited({ deletedState: 'last' })
@Entity()
class Marking extends WithLastSeen {
  @PrimaryColumn() a: number;
  @PrimaryColumn({ length: 10 }) b: string;
  @Column({ default: 'x', name: 'the_value' }) value: string;
  @NotAudited() @Column(() => Address) address: Address;
  @NotAudited() @ManyToOne(() => Tag) tag: Tag;
  @NotAudited() @ManyToMany(() => Tag) @JoinTable() labels: Tag[];
  @ManyToMany(() => Tag) @JoinTable() tags: Tag[];
}

@Audited()
@Entity()
class Knowing {
  @PrimaryGeneratedColumn() id: number;
  @RevisionId({ name: 'rev_id' }) revId: string | null;
  @Column() value: number;
  @UpdateDateColumn() updatedAt: Date;
  @VersionColumn() version: number;
}

@Audited()
@Entity()
class KnowingComposite {
  @PrimaryColumn() a: number;
  @PrimaryColumn({ length: 10 }) b: string;
  @Column() value: number;
  @RevisionId() newest: string | null;
}

@Audited({
  name: 'things',
  tableName: 'history_of_things',
  when: ({ operation, actor }) => operation !== 'delete' || actor !== 'cleaner',
})
@Entity()
class Named {
  @PrimaryGeneratedColumn() id: number;
  @Column() value: number;
}

const excludingSchema = new EntitySchema<{ id: number; kept: number; counter: number }>({
  name: 'ExcludingSchema',
  columns: {
    id: { type: Number, primary: true, generated: 'increment' },
    kept: { type: Number },
    counter: { type: Number, default: 0 },
  },
});
Audited({ exclude: ['counter'] })(excludingSchema);

describeDatabases('The options of @Audited()', (name) => {
  let audited: AuditedDatabase;
  const columnsOf = async (table: string): Promise<string[]> =>
    (await tableShape(audited.dataSource, table)).columns
      .map((column) => column.split(' ')[0])
      .filter((column) => !column.startsWith('rev_'));
  const save = (target: new () => ObjectLiteral, row: ObjectLiteral | ObjectLiteral[]): Promise<any> =>
    audited.dataSource.getRepository(target).save(row as ObjectLiteral);
  const operationsOf = async (target: Parameters<typeof readRevisions>[1]): Promise<string[]> =>
    (await readRevisions(audited.dataSource, target)).map(({ revOperation }) => revOperation as string);
  const tables = (): string[] =>
    auditPlansOf(audited.dataSource).all.map(({ revision }) => revision.tableName);

  beforeAll(async () => {
    const entities = [Tag, Excluding, Marking, Knowing, KnowingComposite, Named, excludingSchema];
    audited = await openAudited(name, { entities, synchronize: false });
    await expectMigratable(audited.dataSource);
    await save(Tag, [{}, {}]);
  });
  afterAll(() => audited?.close());

  it('exclude leaves out columns, embeddeds, what is in them, relations and their junction tables', async () => {
    expect((await columnsOf('excluding_rev')).sort()).toEqual(['currentCity', 'id', 'kept']);
    expect(tables()).toContain('excluding_tags_tag_rev');
    expect(tables()).not.toContain('excluding_labels_tag_rev');
    const [first, second] = await audited.dataSource.getRepository(Tag).find();
    const row = await save(Excluding, { labels: [first], tags: [first], tag: first });
    await save(Excluding, {
      id: row.id,
      counter: 1,
      current: { geohash: 'u1', zone: first },
      tag: second,
      labels: [],
    });
    await save(Excluding, { id: row.id, old: { city: 'Delft', zone: first, region: first } });
    await save(Excluding, { id: row.id, counter: 2, kept: 1 });
    expect(await operationsOf(Excluding)).toEqual(['insert', 'update']);
    await expectRecorded(audited.dataSource, Excluding, [
      { current: { city: 'a' } },
      { current: { city: 'b' } },
    ]);
  });

  it('exclude holds for a schema', async () => {
    expect(await columnsOf('excluding_schema_rev')).toEqual(['id', 'kept']);
    await expectRecorded(audited.dataSource, excludingSchema, [{ kept: 1 }, { kept: 2, counter: 1 }]);
  });

  it('@NotAudited() leaves out the same, in base classes too', async () => {
    expect(await columnsOf('marking_rev')).toEqual(['a', 'b', 'the_value']);
    expect(tables()).toContain('marking_tags_tag_rev');
    expect(tables()).not.toContain('marking_labels_tag_rev');
    const [tag] = await audited.dataSource.getRepository(Tag).find();
    await save(Marking, { a: 1, b: 'x' });
    await save(Marking, { a: 1, b: 'x', lastSeen: 1, address: { city: 'Delft' }, tag, labels: [tag] });
    expect(await operationsOf(Marking)).toEqual(['insert']);
  });

  it("deletedState: 'last' keeps the last state in the revision of a delete", async () => {
    const rows = await save(
      Marking,
      [1, 2].map((a) => ({ a, b: 'y', value: `v${a}` })),
    );
    await audited.dataSource.getRepository(Marking).remove(rows);
    const one = await save(Marking, { a: 3, b: 'y', value: 'v3' });
    await audited.dataSource.getRepository(Marking).remove(one);
    const gone = await audited.dataSource
      .getRepository(revisionOf(Marking))
      .find({ where: { revIsDelete: true }, order: { a: 'ASC' } });
    expect(gone).toMatchObject([1, 2, 3].map((a) => ({ a, b: 'y', value: `v${a}`, revOperation: 'delete' })));
  });

  it('the default keeps the key only', async () => {
    const row = await save(Excluding, { kept: 1, current: { city: 'Delft' } });
    const { id } = row;
    await audited.dataSource.getRepository(Excluding).remove(row);
    expect(
      await audited.dataSource.getRepository(revisionOf(Excluding)).findOneBy({ id, revIsDelete: true }),
    ).toMatchObject({ kept: null, current: { city: null } });
  });

  it('name, tableName and when', async () => {
    expect(auditPlansOf(audited.dataSource).get(Named)).toMatchObject({
      name: 'things',
      revision: { tableName: 'history_of_things' },
    });
    const repository = audited.dataSource.getRepository(Named);
    const [first, second] = await repository.save([{ value: 1 }, { value: 2 }]);
    await repository.remove(first);
    expect(await operationsOf(Named)).toEqual(['insert', 'insert', 'delete']);
    await audited.context.run({ actor: 'cleaner' }, () => repository.remove(second));
    expect(await operationsOf(Named)).toEqual(['insert', 'insert', 'delete']);
  });

  it('leave a history that holds the invariants', async () => {
    await audited.dataSource.query(`DELETE FROM history_of_things`);
    await expectInvariants(audited.dataSource);
  });
});

describeDatabases('@RevisionId()', (name) => {
  let audited: AuditedDatabase;
  beforeAll(async () => {
    audited = await openAudited(name, { entities: [Knowing, KnowingComposite], synchronize: false });
    await expectMigratable(audited.dataSource);
  });
  afterAll(() => audited?.close());

  /** The rows hold their newest revisions' ids, and so do the instances that were saved. */
  const expectNewestIds = async (
    target: new () => ObjectLiteral,
    property: string,
    saved: ObjectLiteral[],
  ): Promise<void> => {
    const revisions = await readRevisions(audited.dataSource, target);
    const rows = await audited.dataSource.getRepository(target).find();
    const keys = audited.dataSource.getMetadata(target).primaryColumns.map((key) => key.propertyName);
    const isSame = (one: ObjectLiteral) => (other: ObjectLiteral) =>
      keys.every((key) => one[key] === other[key]);
    for (const row of rows) {
      const newest = revisions.filter(isSame(row)).at(-1)!;
      expect(row[property]).toBe(newest.revId);
      const instance = saved.find(isSame(row));
      if (instance) expect(instance).toEqual(row);
    }
  };

  it('is a unique column that is not copied', async () => {
    const { columns, keys } = await tableShape(audited.dataSource, 'knowing');
    expect(columns).toContainEqual(expect.stringMatching(/^rev_id (varchar|character varying)\(36\)$/));
    expect(keys).toContain('unique (rev_id)');
    const copied = auditPlansOf(audited.dataSource)
      .get(Knowing)
      .columns.map(({ propertyPath }) => propertyPath);
    expect(copied).toEqual(['id', 'value', 'updatedAt', 'version']);
  });

  it('always holds the newest revision of its row', async () => {
    const repository = audited.dataSource.getRepository(Knowing);
    const row = await repository.save(repository.create({ value: 1 }));
    await expectNewestIds(Knowing, 'revId', [row]);
    row.value = 2;
    await repository.save(row);
    await expectNewestIds(Knowing, 'revId', [row]);
    // A save that changes nothing, and one that would change this column alone.
    await repository.save(row);
    await repository.save({ id: row.id, revId: 'forged' });
    await expectNewestIds(Knowing, 'revId', [row]);
    const rows = await repository.save(repository.create([{ value: 1 }, { value: 2 }, { value: 3 }]));
    await expectNewestIds(Knowing, 'revId', rows);
    await repository.save([
      rows[0],
      repository.merge(rows[1], { value: 9 }),
      repository.merge(rows[2], { value: 9 }),
    ]);
    await expectNewestIds(Knowing, 'revId', rows);
    await repository.remove(rows);
    await expectInvariants(audited.dataSource);
  });

  it('holds it for composite keys', async () => {
    const repository = audited.dataSource.getRepository(KnowingComposite);
    const rows = await repository.save(
      repository.create([1, 2].flatMap((a) => ['x', 'y'].map((b) => ({ a, b, value: 0 })))),
    );
    await expectNewestIds(KnowingComposite, 'newest', rows);
    await repository.save(rows.slice(1).map((row) => repository.merge(row, { value: 1 })));
    await expectNewestIds(KnowingComposite, 'newest', rows);
    await repository.save(repository.merge(rows[0], { value: 2 }));
    await expectNewestIds(KnowingComposite, 'newest', rows);
    await expectInvariants(audited.dataSource);
  });
});
