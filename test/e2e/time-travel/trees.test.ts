import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataSource, type EntityTarget, type TreeRepository } from 'typeorm';
import { HistoryService } from '../../../src/history/history.service.js';
import { ClosureNode, type Node, PathNode, SetNode } from '../../support/entities/trees.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';

const kinds: [string, EntityTarget<Node>][] = [
  ['a closure table', ClosureNode],
  ['materialized paths', PathNode],
  ['nested sets', SetNode],
];

type Shape = { [name: string]: Shape };

const shapeOf = (nodes: Node[]): Shape =>
  Object.fromEntries(
    [...nodes].sort((a, b) => a.id - b.id).map(({ name, children }) => [name, shapeOf(children ?? [])]),
  );
const names = (nodes: Node[]): string[] => nodes.map(({ name }) => name).sort();

/** All that a tree repository reads. */
async function readTree(repository: TreeRepository<Node>): Promise<unknown> {
  const found: unknown[] = [names(await repository.findRoots()), shapeOf(await repository.findTrees())];
  found.push(shapeOf(await repository.findTrees({ depth: 1 })));
  for (const node of await repository.find({ order: { id: 'ASC' } }))
    found.push({
      node: node.name,
      descendants: names(await repository.findDescendants(node)),
      ancestors: names(await repository.findAncestors(node)),
      counts: [await repository.countDescendants(node), await repository.countAncestors(node)],
      below: shapeOf([await repository.findDescendantsTree(node)]),
      parent: (await repository.findAncestorsTree(node)).parent?.name,
    });
  return found;
}

describeDatabases('a tree of the past', (name) => {
  let audited: AuditedDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    audited = await openAudited(name, { entities: [ClosureNode, PathNode, SetNode] });
    ({ dataSource } = audited);
  });
  afterAll(() => audited.close());

  describe.each(kinds)('of %s', (_, target) => {
    it('has the parents and children that its nodes had', async () => {
      const history = new HistoryService(dataSource);
      const repository = dataSource.getTreeRepository(target);
      const add = (name: string, parent: Node | null) =>
        repository.save(repository.create({ name, parent } as Node));
      const root = await add('root', null);
      const a = await add('a', root);
      const b = await add('b', root);
      await add('aa', a);
      const ab = await add('ab', a);
      await add('aba', ab);
      const recorded = await readTree(repository);
      const then = new Date();
      await new Promise((resolve) => setTimeout(resolve, 3));
      expect(await readTree(repository)).toEqual(recorded);

      // Nested sets of TypeORM can't be moved to another parent by all versions, so that one grows only.
      await add('ba', b);
      await repository.save(
        Object.assign(await repository.findOneByOrFail({ name: 'aba' }), { name: 'renamed' }),
      );
      if (target !== SetNode) {
        const moved = await repository.findOneByOrFail({ name: 'ab' });
        await repository.save(Object.assign(moved, { parent: b }));
      }
      expect(await readTree(repository)).not.toEqual(recorded);
      expect(await readTree(history.at(then).getTreeRepository(target))).toEqual(recorded);
    });
  });
});
