import { type DataSource, type EntityMetadata } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan } from './audit-plan.js';

/** The classes that share a table: the root of a single-table inheritance and its children, or the one class. */
export function classesOf({ metadata }: AuditPlan): EntityMetadata[] {
  return [
    metadata,
    ...metadata.childEntityMetadatas.filter(({ tablePath }) => tablePath === metadata.tablePath),
  ];
}

/** The foreign keys of a table, each once. */
export function foreignKeysOf(plan: AuditPlan): ForeignKeyMetadata[] {
  return distinct(classesOf(plan).flatMap(({ foreignKeys }) => foreignKeys));
}

/** The foreign keys that refer to a table, each once. */
export function foreignKeysTo(
  { entityMetadatas }: DataSource,
  { tablePath }: EntityMetadata,
): ForeignKeyMetadata[] {
  return distinct(
    entityMetadatas
      .flatMap(({ foreignKeys }) => foreignKeys)
      .filter(({ referencedEntityMetadata }) => referencedEntityMetadata.tablePath === tablePath),
  );
}

// The classes of a single-table inheritance share foreign keys.
function distinct(foreignKeys: readonly ForeignKeyMetadata[]): ForeignKeyMetadata[] {
  const id = ({ entityMetadata, columns }: ForeignKeyMetadata): string =>
    `${entityMetadata.tablePath}(${columns.map(({ databaseName }) => databaseName).join()})`;
  return [...new Map(foreignKeys.map((foreignKey) => [id(foreignKey), foreignKey])).values()];
}
