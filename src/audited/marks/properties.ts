import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { type AuditedOptions } from './audited-options.js';
import { markedProperties, type PropertyMark } from './marks.js';

/** The columns of a table. A @VirtualColumn() is a query, not a column of the table. */
export function tableColumns(metadata: EntityMetadata): ColumnMetadata[] {
  return metadata.columns.filter((column) => !column.isVirtualProperty);
}

export function revisionIdColumns(metadata: EntityMetadata): ColumnMetadata[] {
  const marked = markedPaths('revision-id', metadata);
  return metadata.nonVirtualColumns.filter((column) => isWithin(marked, column));
}

/** A column or a relation that a mark or an option can name. */
export type Property = Pick<ColumnMetadata | RelationMetadata, 'propertyPath'>;

/** The property that names a column. A join column's is its relation, unless an ordinary property shares the column. */
export function propertyOf(column: ColumnMetadata): Property {
  return column.isVirtual && column.relationMetadata ? column.relationMetadata : column;
}

/** The properties that an option can name. */
export function propertyPaths({ nonVirtualColumns, relations }: EntityMetadata): string[] {
  return [...new Set([...nonVirtualColumns, ...relations].map(({ propertyPath }) => propertyPath))];
}

/** The paths of the properties that an entity leaves out of its history. */
export function excludedPaths(metadata: EntityMetadata, options: AuditedOptions): Set<string> {
  return new Set([...(options.exclude ?? []), ...markedPaths('not-audited', metadata)]);
}

/** The names of the columns that an entity declares quiet. */
export function quietColumns(metadata: EntityMetadata, { quiet = [] }: AuditedOptions): Set<string> {
  const paths = new Set(quiet);
  const columns = tableColumns(metadata).filter((column) => isWithin(paths, propertyOf(column)));
  return new Set(columns.map(({ databaseName }) => databaseName));
}

/** Whether one of the paths leads to the property, or to an embedded around it. */
export function isWithin(paths: ReadonlySet<string>, { propertyPath }: Property): boolean {
  return paths.size > 0 && prefixesOf(propertyPath).some((path) => paths.has(path));
}

function markedPaths(mark: PropertyMark, metadata: EntityMetadata): Set<string> {
  return new Set(
    propertyOwners(metadata).flatMap(({ prefix, owner }) =>
      markedProperties(mark, owner).map((property) => prefix + property),
    ),
  );
}

/** The classes whose properties an entity has, its embeddeds' included, and the prefix of each in a property path. */
export function propertyOwners(metadata: EntityMetadata): { prefix: string; owner: unknown }[] {
  return [
    ...metadata.inheritanceTree.map((owner) => ({ prefix: '', owner })),
    ...metadata.allEmbeddeds.map(({ propertyPath, type }) => ({ prefix: `${propertyPath}.`, owner: type })),
  ];
}

/** 'a.b.c' → ['a', 'a.b', 'a.b.c'] */
export function prefixesOf(path: string): string[] {
  const names = path.split('.');
  return names.map((_, at) => names.slice(0, at + 1).join('.'));
}
