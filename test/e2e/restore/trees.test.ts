import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Audited, type HistoryService } from 'nestjs-typeorm-audit';
import {
  Column,
  type DataSource,
  Entity,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  type TreeRepository,
} from 'typeorm';
import { type TreeType } from 'typeorm/metadata/types/TreeTypes.js';
import { HistoryService as Histories } from '../../../src/history/history.service.js';
import { describeDatabases } from '../../support/servers/databases.js';
import { type AuditedDatabase, openAudited } from '../../support/worlds/audited-database.js';
import { expectInvariants } from '../../support/assertions/invariants.js';

interface Node {
  id: number;
  name: string;
  parent: Node | null;
}

function nodeClass(type: TreeType): new () => Node {
  @Audited()
  @Entity('node')
  @Tree(type)
  class Node {
    @PrimaryGeneratedColumn() id: number;
    @Column() name: string;
    @TreeParent() parent: Node | null;
    @TreeChildren() children: Node[];
  }
  return Node;
}

const kinds = [
  { type: 'closure-table', place: /the table \S*node_closure, which has no history \(closure-table\)/ },
  { type: 'nested-set', place: /nsleft and nsright of all nodes \(nested-set\)/ },
  { type: 'materialized-path', place: /mpath of each node above and below it \(materialized-path\)/ },
] as const;

describeDatabases('restore() of a node of a tree', (name) => {
  describe.each(kinds)('of the type $type', ({ type, place }) => {
    const Node = nodeClass(type);
    let database: AuditedDatabase;
    let dataSource: DataSource;
    let nodes: TreeRepository<Node>;
    let history: HistoryService;

    beforeEach(async () => {
      database = await openAudited(name, { entities: [Node] });
      ({ dataSource } = database);
      nodes = dataSource.getTreeRepository(Node);
      history = new Histories(dataSource);
    });
    afterEach(() => database.close());

    const save = (name: string, parent: Node | null): Promise<Node> =>
      nodes.save(nodes.create({ name, parent }));
    const below = async (node: Node): Promise<string[]> =>
      (await nodes.findDescendants(node)).map((found) => found.name).toSorted();

    async function tree(): Promise<{ root: Node; branch: Node; leaf: Node }> {
      const root = await save('root', null);
      const branch = await save('branch', root);
      return { root, branch, leaf: await save('leaf', branch) };
    }

    it('names the place that it does not write, and comes true when the node has its parent back', async () => {
      const { root, branch, leaf } = await tree();
      await nodes.save({ ...leaf, name: 'twig', parent: root });
      const refused = history.restore(Node, leaf.id, 1);
      await expect(refused).rejects.toThrow(place);
      await expect(refused).rejects.toThrow(
        /: its parent has changed, .*\. Give the node the parent that it had, with save\(\) of the tree repository, and restore it then\.$/,
      );
      await nodes.save({ ...leaf, name: 'twig', parent: branch });
      expect(await history.restore(Node, leaf.id, 1)).toMatchObject({ snapshot: { name: 'leaf' } });
      expect(await below(branch)).toEqual(['branch', 'leaf']);
      await expectInvariants(dataSource);
    });

    it('gives back what else the node had, and leaves it where the nodes above it have gone', async () => {
      const { root, branch, leaf } = await tree();
      const other = await save('other', root);
      await nodes.save({ ...branch, parent: other });
      await nodes.update(leaf.id, { name: 'twig' });
      const before = await below(other);
      expect(before).toEqual(['branch', 'other', 'twig']);
      await history.restore(Node, leaf.id, 1);
      expect(await below(other)).toEqual(['branch', 'leaf', 'other']);
    });

    it('names it in undo() too', async () => {
      const { root, leaf } = await tree();
      await nodes.save({ ...leaf, parent: root });
      const { transaction } = (await history.latest(Node, leaf.id))!;
      await expect(history.undo(transaction)).rejects.toThrow(place);
      await expect(history.undo(transaction)).rejects.toThrow(
        /Give the node the parent that it had, with save\(\)/,
      );
    });

    it('that was deleted says why it does not come back, or does', async () => {
      const { root, branch, leaf } = await tree();
      await nodes.delete(leaf.id);
      const restored = history.restore(Node, leaf.id, 1);
      if (type === 'materialized-path') {
        await restored;
        expect(await below(root)).toEqual(['branch', 'leaf', 'root']);
        await nodes.delete(leaf.id);
        const other = await save('other', root);
        await nodes.save({ ...branch, parent: other });
      }
      const refused = type === 'materialized-path' ? history.restore(Node, leaf.id, 1) : restored;
      await expect(refused).rejects.toThrow(place);
      await expect(refused).rejects.toThrow(
        /: it was deleted, .*\. Save a new node under its parent, with save\(\) of the tree repository and the values of asOf\(\)\.$/,
      );
    });
  });

  it('of the type adjacency-list gives its parent back', async () => {
    const Node = nodeClass('adjacency-list');
    const database = await openAudited(name, { entities: [Node] });
    try {
      const nodes = database.dataSource.getRepository(Node);
      const root = await nodes.save({ name: 'root' });
      const leaf = await nodes.save({ name: 'leaf', parent: root });
      await nodes.save({ id: leaf.id, parent: null });
      await new Histories(database.dataSource).restore(Node, leaf.id, 1);
      expect(await nodes.findOne({ where: { id: leaf.id }, relations: { parent: true } })).toMatchObject({
        parent: { id: root.id },
      });
    } finally {
      await database.close();
    }
  });
});
