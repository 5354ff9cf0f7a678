import { expect, it } from '@jest/globals';
import {
  Column,
  Entity,
  type EntityManager,
  type ObjectLiteral,
  type QueryBuilder,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { AuditError, RevisionDeleteForbiddenError } from '../../../src/audit.errors.js';
import { Audited } from '../../../src/audited/decorators/audited.decorator.js';
import { revisionOf } from '../../../src/revision/revision-of.js';
import { expectInvariants } from '../../support/assertions/invariants.js';
import { describeWorlds, worldNames } from '../../support/worlds/write-worlds.js';

@Audited()
@Entity()
class Tag {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

@Entity()
class Draft {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

type Builder = QueryBuilder<ObjectLiteral>;

const within: Record<string, (manager: EntityManager) => Builder> = {
  insert: (manager) =>
    manager.createQueryBuilder().insert().into(Tag).values({ name: 'b' }).updateEntity(false).returning('id'),
  update: (manager) => manager.createQueryBuilder().update(Tag).set({ name: 'b' }).returning('id'),
  delete: (manager) => manager.createQueryBuilder().delete().from(Tag).returning('id'),
};

const select = (manager: EntityManager, part: Builder) =>
  manager.createQueryBuilder().addCommonTableExpression(part, 'part').select('id').from('part', 'part');

const executions: Record<string, (manager: EntityManager, part: Builder) => Promise<unknown>> = {
  'getRawMany()': (manager, part) => select(manager, part).getRawMany(),
  'execute()': (manager, part) => select(manager, part).execute(),
  'stream()': (manager, part) => select(manager, part).stream(),
  'an update()': (manager, part) =>
    manager
      .createQueryBuilder()
      .addCommonTableExpression(part, 'part')
      .update(Draft)
      .set({ name: 'c' })
      .where('id IN (SELECT id FROM part)')
      .execute(),
};

// Elsewhere TypeORM refuses all but SELECTs.
const names = worldNames().filter((name) => name === 'postgres');

describeWorlds(
  'a builder’s write within another query',
  { entities: [Tag, Draft] },
  (world) => {
    const cases = Object.keys(within).flatMap((kind) => Object.keys(executions).map((by) => [kind, by]));

    it.each(cases)('refuses %s by %s, and writes nothing', async (kind, by) => {
      const { manager, dataSource } = world();
      await world().reset();
      await manager.insert(Tag, { name: 'a' });
      await expect((async () => executions[by](manager, within[kind](manager)))()).rejects.toThrow(
        AuditError,
      );
      expect(await manager.find(Tag)).toEqual([{ id: 1, name: 'a' }]);
      await expectInvariants(dataSource);
    });

    it('refuses those of revisions', async () => {
      const { manager } = world();
      const part = manager.createQueryBuilder().delete().from(revisionOf(Tag)).returning('rev_id AS id');
      await expect(select(manager, part).getRawMany()).rejects.toThrow(RevisionDeleteForbiddenError);
    });

    it('gives the text, lets pass what is not to be recorded, and reads', async () => {
      const { manager, context } = world();
      await world().reset();
      expect(select(manager, within.insert(manager)).getQueryAndParameters()[0]).toMatch(
        /^WITH .*INSERT INTO/,
      );
      const added = await context.without(() => select(manager, within.insert(manager)).getRawMany());
      expect(added).toEqual([{ id: 1 }]);
      const draft = manager
        .createQueryBuilder()
        .insert()
        .into(Draft)
        .values({ name: 'x' })
        .updateEntity(false);
      expect(await select(manager, draft.returning('id')).getRawMany()).toEqual([{ id: 1 }]);
      const read = manager.createQueryBuilder().select('tag.id', 'id').from(Tag, 'tag');
      expect(await select(manager, read).getRawMany()).toEqual([{ id: 1 }]);
    });
  },
  names,
);
