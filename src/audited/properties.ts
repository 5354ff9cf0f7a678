import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { type AuditedOptions } from './audited.decorator.js';
import { markedProperties, type PropertyMark } from './marks.js';

/** The columns that a table has: a @VirtualColumn() is a query, not one of them. */
export function tableColumns(metadata: EntityMetadata): ColumnMetadata[] {
  return metadata.columns.filter((column) => !column.isVirtualProperty);
}

export function revisionIdColumns(metadata: EntityMetadata): ColumnMetadata[] {
  return metadata.nonVirtualColumns.filter((column) => isMarked('revision-id', metadata, column));
}

/** A column or a relation, as far as a mark or an option can name it. */
export type Property = Pick<ColumnMetadata | RelationMetadata, 'propertyPath' | 'embeddedMetadata'>;

/** What names a column: of a join column its relation, unless an ordinary property shares it. */
export function propertyOf(column: ColumnMetadata): Property {
  return column.isVirtual && column.relationMetadata ? column.relationMetadata : column;
}

/** The properties that an option can name. */
export function propertyPaths({ nonVirtualColumns, relations }: EntityMetadata): string[] {
  return [...new Set([...nonVirtualColumns, ...relations].map(({ propertyPath }) => propertyPath))];
}

export function isExcluded(metadata: EntityMetadata, options: AuditedOptions, property: Property): boolean {
  return (
    prefixesOf(property.propertyPath).some((path) => options.exclude?.includes(path)) ||
    isMarked('not-audited', metadata, property)
  );
}

function isMarked(kind: PropertyMark, metadata: EntityMetadata, property: Property): boolean {
  const owners = ownersOf(metadata, property);
  return property.propertyPath
    .split('.')
    .some((name, depth) => owners[depth].some((owner) => markedProperties(kind, owner).includes(name)));
}

/** Whose properties the names in a path are: of the entity, of the embedded in it, of the embedded in that … */
export function ownersOf(metadata: EntityMetadata, { embeddedMetadata }: Property): unknown[][] {
  const embeddeds = embeddedMetadata?.embeddedMetadataTree ?? [];
  return [metadata.inheritanceTree, ...embeddeds.map(({ type }) => [type])];
}

/** 'a.b.c' → ['a', 'a.b', 'a.b.c'] */
export function prefixesOf(path: string): string[] {
  const names = path.split('.');
  return names.map((_, at) => names.slice(0, at + 1).join('.'));
}
