import { type EntityMetadata, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type PlanColumn } from '../audited/audit-plan.js';

/**
 * The metadata of the class that a row is an instance of: in a single-table inheritance that of its discriminator.
 *
 * @param root of the whole table
 */
export function classOf(root: EntityMetadata, discriminator: unknown): EntityMetadata {
  return root.childEntityMetadatas.find((child) => child.discriminatorValue === discriminator) ?? root;
}

/** The columns of a class: in a single-table inheritance without those that another class of the table declares. */
export function columnsOf(metadata: EntityMetadata): ColumnMetadata[] {
  const root = metadata.parentEntityMetadata ?? metadata;
  const others = root.childEntityMetadatas
    .map(({ target }) => target)
    .filter((target) => !isA(metadata.target, target));
  return metadata.columns.filter(({ isVirtual, relationMetadata, target }) => {
    // A join column is declared by its relation.
    const declaredBy = isVirtual ? relationMetadata?.target : target;
    return declaredBy === undefined || !others.includes(declaredBy);
  });
}

/**
 * An instance of an entity's class as TypeORM would have loaded it, without relations.
 *
 * @param columns what is known of the row
 * @param valueOf the value of such a column
 */
export function instanceOf<E extends ObjectLiteral>(
  metadata: EntityMetadata,
  columns: readonly PlanColumn[],
  valueOf: (column: PlanColumn) => unknown,
): E {
  const entity = metadata.create(undefined, { fromDeserializer: true }) as ObjectLiteral;
  // They would load what is related now, not what was. The prototype has them too.
  for (const relation of metadata.lazyRelations)
    Object.defineProperty(entity, relation.propertyName, {
      value: undefined,
      writable: true,
      configurable: true,
    });
  const known = new Map(columns.map((column) => [column.databaseName, column]));
  for (const column of columnsOf(metadata)) {
    const recorded = known.get(column.databaseName);
    if (recorded && column.isVirtual) entity[column.databaseName] = valueOf(recorded);
    else if (recorded) column.setEntityValue(entity, valueOf(recorded));
    // A constructor's default is nothing that the row ever had.
    else if (!column.isVirtual && column.getEntityValue(entity) !== undefined)
      column.setEntityValue(entity, undefined);
  }
  return entity as E;
}

function isA(target: EntityMetadata['target'], base: EntityMetadata['target']): boolean {
  if (typeof target !== 'function' || typeof base !== 'function') return target === base;
  return target === base || target.prototype instanceof base;
}
