import { ClosureNode, type Node, PathNode, SetNode } from '../../../support/entities/trees.js';
import { describePaths, type ExpectedRevision, type WritePath } from '../../../support/worlds/write-paths.js';
import { type World } from '../../../support/worlds/write-worlds.js';

type Operation = 'insert' | 'update' | 'delete';
type Revisions = (operation: Operation, version: number, ...ids: number[]) => ExpectedRevision[];
type Target = new () => Node;

/** What becomes of a tree with a root (1), its child a (2) with the child a1 (3), and its child b (4). */
interface Expected {
  /** Of a, before. */
  readonly version: number;
  readonly added: ExpectedRevision[];
  readonly moved: ExpectedRevision[];
  readonly removed: ExpectedRevision[];
}

function pathsOf(target: Target, table: string, expectedOf: (node: Revisions) => Expected): WritePath[] {
  const node: Revisions = (operation, version, ...ids) => ids.map((id) => [table, operation, id, version]);
  const expected = expectedOf(node);
  const of = (world: World) => world.dataSource.getTreeRepository(target);
  const find = (world: World, name: string): Promise<Node> => of(world).findOneByOrFail({ name });
  const tree = async (world: World): Promise<void> => {
    const root = await of(world).save({ name: 'root' });
    const a = await of(world).save({ name: 'a', parent: root });
    await of(world).save({ name: 'a1', parent: a });
    await of(world).save({ name: 'b', parent: root });
  };
  return [
    {
      name: 'TreeRepository.save() of a root',
      write: (world) => of(world).save({ name: 'root' }),
      revisions: node('insert', 1, 1),
    },
    {
      name: 'TreeRepository.save() of a child',
      before: tree,
      write: async (world) => {
        await of(world).save({ name: 'a2', parent: await find(world, 'a') });
      },
      revisions: expected.added,
    },
    {
      name: 'TreeRepository.save() of a renamed node',
      before: tree,
      write: async (world) => of(world).save(Object.assign(await find(world, 'a'), { name: 'A' })),
      revisions: node('update', expected.version + 1, 2),
    },
    {
      name: 'TreeRepository.save() of a moved subtree',
      before: tree,
      write: async (world) => {
        const a = await find(world, 'a');
        a.parent = await find(world, 'b');
        await of(world).save(a);
      },
      revisions: expected.moved,
    },
    {
      name: 'TreeRepository.remove() of a subtree',
      before: tree,
      write: async (world) => {
        await of(world).remove(await find(world, 'a'));
      },
      revisions: expected.removed,
    },
    {
      name: 'TreeRepository.delete() of a subtree',
      before: tree,
      write: (world) => of(world).delete({ name: 'a' }),
      revisions: [...node('delete', expected.version + 1, 2), ...node('delete', 2, 3)],
    },
  ];
}

describePaths(
  'closure tables',
  [ClosureNode],
  pathsOf(ClosureNode, 'closure_node', (node) => ({
    version: 1,
    added: node('insert', 1, 5),
    moved: node('update', 2, 2),
    removed: [...node('delete', 2, 2), ...node('delete', 2, 3)],
  })),
);

// The path is a column.
describePaths(
  'materialized paths',
  [PathNode],
  pathsOf(PathNode, 'path_node', (node) => ({
    version: 1,
    added: node('insert', 1, 5),
    moved: node('update', 2, 2, 3),
    removed: [...node('delete', 2, 2), ...node('delete', 2, 3)],
  })),
);

// The bounds are columns, and those of a and the root shifted with each node that came after them.
describePaths(
  'nested sets',
  [SetNode],
  pathsOf(SetNode, 'set_node', (node) => ({
    version: 2,
    added: [
      ...node('insert', 1, 5),
      ...node('update', 5, 1),
      ...node('update', 3, 2),
      ...node('update', 2, 4),
    ],
    moved: [...node('update', 3, 2), ...node('update', 2, 3, 4)],
    removed: [
      ...node('delete', 3, 2),
      ...node('delete', 2, 3),
      ...node('update', 5, 1),
      ...node('update', 2, 4),
    ],
  })),
);
