import { type EntityMetadata, getMetadataArgsStorage, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { MetadataUtils } from 'typeorm/metadata-builder/MetadataUtils.js';
import { type PlanColumn } from '../../audited/audit-plan.js';

/**
 * The metadata of a row's class. In a single-table inheritance the discriminator decides.
 *
 * @param root the metadata of the whole table
 */
export function classOf(root: EntityMetadata, discriminator: unknown): EntityMetadata {
  return root.childEntityMetadatas.find((child) => child.discriminatorValue === discriminator) ?? root;
}

/** The columns of a class, without the columns that only other classes of a single-table inheritance declare. */
export function columnsOf(metadata: EntityMetadata): ColumnMetadata[] {
  const root = metadata.parentEntityMetadata ?? metadata;
  const others = root.childEntityMetadatas
    .map(({ target }) => target)
    .filter((target) => !isA(metadata.target, target));
  if (others.length === 0) return metadata.columns;
  const declared = declaredProperties(metadata);
  return metadata.columns.filter(({ isVirtual, relationMetadata, propertyName, target }) => {
    // The relation declares its join column.
    const property = isVirtual ? relationMetadata?.propertyName : propertyName;
    const declaredBy = isVirtual ? relationMetadata?.target : target;
    // If two classes declare a property, TypeORM's metadata names only the first class.
    return declaredBy === undefined || !others.includes(declaredBy) || declared.has(property!);
  });
}

/** The columns and relations that a class and its base classes declare with decorators. */
function declaredProperties({ target }: EntityMetadata): Set<string> {
  const classes = MetadataUtils.getInheritanceTree(target as () => void);
  const declarations = getMetadataArgsStorage();
  return new Set(
    [...declarations.filterColumns(classes), ...declarations.filterRelations(classes)].map(
      ({ propertyName }) => propertyName,
    ),
  );
}

/**
 * Returns a function that makes instances of an entity's class, as TypeORM would load them, without relations.
 *
 * @param columns the known columns of a row, in the order of the function's values
 */
export function instanceMaker<E>(
  metadata: EntityMetadata,
  columns: readonly PlanColumn[],
): (values: readonly unknown[]) => E {
  const places = new Map(columns.map(({ databaseName }, place) => [databaseName, place]));
  const known: { column: ColumnMetadata; place: number }[] = [];
  const unknown: ColumnMetadata[] = [];
  for (const column of columnsOf(metadata)) {
    const place = places.get(column.databaseName);
    if (place !== undefined) known.push({ column, place });
    else if (!column.isVirtual) unknown.push(column);
  }
  return (values) => {
    const entity = metadata.create(undefined, { fromDeserializer: true }) as ObjectLiteral;
    // Lazy relations would load the present. The prototype defines them too, so they are shadowed.
    for (const { propertyName } of metadata.lazyRelations)
      Object.defineProperty(entity, propertyName, { value: undefined, writable: true, configurable: true });
    for (const { column, place } of known)
      if (column.isVirtual) entity[column.databaseName] = values[place];
      else column.setEntityValue(entity, values[place]);
    // A constructor's default is not a value of the row.
    for (const column of unknown)
      if (column.getEntityValue(entity) !== undefined) column.setEntityValue(entity, undefined);
    return entity as E;
  };
}

function isA(target: EntityMetadata['target'], base: EntityMetadata['target']): boolean {
  if (typeof target !== 'function' || typeof base !== 'function') return target === base;
  return target === base || target.prototype instanceof base;
}
