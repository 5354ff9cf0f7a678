import { type ObjectLiteral, type SelectQueryBuilder, TreeRepository } from 'typeorm';

/**
 * Walks a tree by the parents that its nodes had at the moment.
 *
 * TypeORM walks by a closure table, nested-set bounds or materialized paths. Its writes to these leave no revision. The
 * parent is an ordinary column, so every revision has it.
 */
export class AsOfTreeRepository<E extends ObjectLiteral> extends TreeRepository<E> {
  override createDescendantsQueryBuilder(
    alias: string,
    _closureTableAlias: string,
    entity: E,
  ): SelectQueryBuilder<E> {
    return this.walk(alias, entity, (parent, key) => `node.${parent} = tree.${key}`);
  }

  override createAncestorsQueryBuilder(
    alias: string,
    _closureTableAlias: string,
    entity: E,
  ): SelectQueryBuilder<E> {
    return this.walk(alias, entity, (parent, key) => `node.${key} = tree.${parent}`);
  }

  // The walk starts with the entity itself, as TypeORM's does. `Past.shadow()` replaces the table's name afterwards.
  private walk(
    alias: string,
    entity: E,
    next: (parent: string, key: string) => string,
  ): SelectQueryBuilder<E> {
    const query = this.createQueryBuilder(alias);
    const [joinColumn] = this.metadata.treeParentRelation!.joinColumns;
    const referenced = joinColumn.referencedColumn!;
    const [parent, key] = [joinColumn, referenced].map(({ databaseName }) => query.escape(databaseName));
    const table = this.metadata.tablePath
      .split('.')
      .map((name) => query.escape(name))
      .join('.');
    return query.where(
      `${query.escape(alias)}.${key} IN (WITH RECURSIVE tree AS (` +
        `SELECT node.${key}, node.${parent} FROM ${table} node WHERE node.${key} = :treeNode UNION ` +
        `SELECT node.${key}, node.${parent} FROM ${table} node JOIN tree ON ${next(parent, key)}) ` +
        `SELECT tree.${key} FROM tree)`,
      { treeNode: referenced.getEntityValue(entity) as unknown },
    );
  }
}
