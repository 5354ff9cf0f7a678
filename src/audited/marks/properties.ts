import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { type AuditedOptions } from './audited-options.js';
import { markedProperties, type PropertyMark } from './marks.js';

/** The columns that a table has: a @VirtualColumn() is a query, not one of them. */
export function tableColumns(metadata: EntityMetadata): ColumnMetadata[] {
  return metadata.columns.filter((column) => !column.isVirtualProperty);
}

export function revisionIdColumns(metadata: EntityMetadata): ColumnMetadata[] {
  const marked = markedPaths('revision-id', metadata);
  return metadata.nonVirtualColumns.filter((column) => isWithin(marked, column));
}

/** A column or a relation, as far as a mark or an option can name it. */
export type Property = Pick<ColumnMetadata | RelationMetadata, 'propertyPath'>;

/** What names a column: of a join column its relation, unless an ordinary property shares it. */
export function propertyOf(column: ColumnMetadata): Property {
  return column.isVirtual && column.relationMetadata ? column.relationMetadata : column;
}

/** The properties that an option can name. */
export function propertyPaths({ nonVirtualColumns, relations }: EntityMetadata): string[] {
  return [...new Set([...nonVirtualColumns, ...relations].map(({ propertyPath }) => propertyPath))];
}

/** The paths of what an entity leaves out of its history. */
export function excludedPaths(metadata: EntityMetadata, options: AuditedOptions): Set<string> {
  return new Set([...(options.exclude ?? []), ...markedPaths('not-audited', metadata)]);
}

/** Whether a path leads to a property or to an embedded that it is in. */
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

/** The classes that an entity's properties are marked in, and what comes before their names in a path. */
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
