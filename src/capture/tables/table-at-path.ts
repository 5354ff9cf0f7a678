import { type DataSource, type EntityMetadata, type ObjectLiteral } from 'typeorm';
import { ApplyValueTransformers } from 'typeorm/util/ApplyValueTransformers.js';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { dialectOf, isSupported } from '../../dialect/dialect-of.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';

/**
 * The table that a path means, in its root's metadata where it is a single-table inheritance; undefined for a table that
 * has no entity. A query builder or query runner takes such a path where TypeORM knows no entity by it, as in
 * `update('public.tag')` for an entity that names no schema.
 */
export function tableAtPath(dataSource: DataSource, path: string): EntityMetadata | undefined {
  if (!isSupported(dataSource)) return undefined;
  const { tablePlace } = dialectOf(dataSource).catalogue;
  const place = tablePlace(path);
  return dataSource.entityMetadatas.find(
    (metadata) =>
      metadata.tableType !== 'view' &&
      metadata.tableType !== 'entity-child' &&
      tablePlace(metadata) === place,
  );
}

/**
 * A builder that was given its table by a path, as the one of an entity would look: TypeORM takes its values by column,
 * and those of an entity by property.
 */
export function seenByProperties(builder: BuilderInternals, table: EntityMetadata): BuilderInternals {
  const { expressionMap } = builder;
  const given = expressionMap.valuesSet;
  const valuesSet = Array.isArray(given)
    ? given.map((values) => propertiesOf(table, values))
    : given && propertiesOf(table, given);
  return Object.create(builder, {
    expressionMap: { value: Object.create(expressionMap, { valuesSet: { value: valuesSet } }) as unknown },
  }) as BuilderInternals;
}

function propertiesOf({ columns }: EntityMetadata, values: ObjectLiteral): ObjectLiteral {
  const entity: ObjectLiteral = {};
  for (const column of columns)
    if (Object.hasOwn(values, column.databaseName))
      column.setEntityValue(entity, propertyValue(column, values[column.databaseName]));
  return entity;
}

// It is sent as it is given, and a property is what a transformer makes of that.
function propertyValue({ transformer }: ColumnMetadata, value: unknown): unknown {
  return transformer && typeof value !== 'function'
    ? (ApplyValueTransformers.transformFrom(transformer, value) as unknown)
    : value;
}
