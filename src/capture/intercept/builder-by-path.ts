import { type EntityMetadata, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { ApplyValueTransformers } from 'typeorm/util/ApplyValueTransformers.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';

/**
 * Shows a builder that was given the path of a table as if it had been given the entity: with a path TypeORM takes the
 * values by column, with an entity by property.
 */
export function builderByProperties(builder: BuilderInternals, table: EntityMetadata): BuilderInternals {
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

// The value is sent as it is given. A transformer makes the property of it.
function propertyValue({ transformer }: ColumnMetadata, value: unknown): unknown {
  return transformer && typeof value !== 'function'
    ? (ApplyValueTransformers.transformFrom(transformer, value) as unknown)
    : value;
}
