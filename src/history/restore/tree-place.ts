import { type ObjectLiteral } from 'typeorm';
import { type Obstacle } from './obstacle.js';
import { type RestoreQuery, type RestoreSql, type RowToRestore } from './restore-sql.js';

/** The columns or the table in which TypeORM stores a node's place, in addition to its parent. */
function placeOf({ plan: { metadata } }: RestoreSql): string {
  const { closureJunctionTable, nestedSetLeftColumn, nestedSetRightColumn, materializedPathColumn } =
    metadata;
  if (nestedSetLeftColumn)
    return `${nestedSetLeftColumn.databaseName} and ${nestedSetRightColumn!.databaseName} of all nodes (nested-set)`;
  if (materializedPathColumn)
    return `${materializedPathColumn.databaseName} of each node above and below it (materialized-path)`;
  return `the table ${closureJunctionTable.tablePath}, which has no history (closure-table)`;
}

/** The obstacle of a node with another parent: a restore doesn't write closures, bounds and paths. */
export function moveObstacle(sql: RestoreSql): Obstacle {
  return {
    problem: `its parent has changed, and its place in the tree is also in ${placeOf(sql)}`,
    remedy: 'Give the node the parent that it had, with save() of the tree repository, and restore it then.',
  };
}

/** The obstacle of a deleted node: its row would come back without its place in the tree. */
export function deletionObstacle(sql: RestoreSql): Obstacle {
  return {
    problem: `it was deleted, and its place in the tree was also in ${placeOf(sql)}`,
    remedy: 'Save a new node under its parent, with save() of the tree repository and the values of asOf().',
  };
}

/** Whether a deleted node's place is lost: closures and bounds went with it, and its path may be stale. */
export async function isPlaceLost(sql: RestoreSql, query: RestoreQuery, row: RowToRestore): Promise<boolean> {
  const { treeType } = sql.plan.metadata;
  if (treeType === 'closure-table' || treeType === 'nested-set') return true;
  return treeType === 'materialized-path' && hasOtherPath(sql, query, row);
}

// A node above may have moved since. A missing parent is the foreign key's obstacle.
async function hasOtherPath(sql: RestoreSql, query: RestoreQuery, row: RowToRestore): Promise<boolean> {
  const { metadata } = sql.plan;
  const path = sql.column(metadata.materializedPathColumn!);
  const parentKey = metadata.treeParentRelation!.joinColumns.map((column) => ({
    own: `r.${sql.column(column)}`,
    referenced: column.referencedColumn!,
  }));
  const isParent = parentKey.map(({ own, referenced }) => `p.${sql.column(referenced)} = ${own}`);
  const ids = parentKey.map(
    ({ referenced }, n) => `${sql.dialect.keys.read(`r.${sql.column(referenced)}`, referenced)} AS id${n}`,
  );
  const [node]: ObjectLiteral[] = await query(
    `SELECT r.${path} AS path, p.${path} AS parent_path, ` +
      `CASE WHEN ${parentKey[0].own} IS NULL THEN 0 ELSE 1 END AS has_parent, ${ids.join(', ')} ` +
      `FROM ${sql.recordedStates} LEFT JOIN ${sql.table} p ON ${isParent.join(' AND ')}`,
    [row],
  );
  if (Number(node.has_parent) === 1 && node.parent_path === null) return false;
  const id = parentKey.map((_, n) => String(node[`id${n}`])).join('_');
  return node.path !== `${(node.parent_path as string | null) ?? ''}${id}.`;
}
