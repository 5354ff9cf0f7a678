import { type EntityMetadata } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { type Mask } from '../dialect/dialect.js';
import { ownersOf, type Property, propertyOf, tableColumns } from './properties.js';

const MASKED = Symbol.for('nestjs-typeorm-audit:masked');

export function markMasked(mask: Mask, prototype: object, property: string): void {
  const masks = Reflect.getMetadata(MASKED, prototype.constructor) as Record<string, Mask> | undefined;
  Reflect.defineMetadata(MASKED, { ...masks, [property]: mask }, prototype.constructor);
}

/** The mask of a column or relation: its own, or that of an embedded that it is in. */
export function maskOf(metadata: EntityMetadata, property: Property): Mask | undefined {
  const names = property.propertyPath.split('.');
  return ownersOf(metadata, property)
    .slice(0, names.length)
    .flatMap((owners, depth) => owners.map((owner) => masksOf(owner)[names[depth]]))
    .find((mask) => mask !== undefined);
}

/** @throws AuditConfigurationError naming a masked property whose value has to be known, or isn't in the table */
export function assertMasks(metadata: EntityMetadata): void {
  for (const key of metadata.primaryColumns)
    if (maskOf(metadata, propertyOf(key)))
      throw new AuditConfigurationError(
        `${metadata.name}.${key.propertyPath} is part of the primary key, by which its history is found, and can't be masked. ` +
          `Remove @Masked() from it.`,
      );
  const columns = tableColumns(metadata).map((column) => propertyOf(column).propertyPath.split('.')[0]);
  for (const property of metadata.inheritanceTree.flatMap((owner) => Object.keys(masksOf(owner))))
    if (!columns.includes(property))
      throw new AuditConfigurationError(
        `${metadata.name}.${property} is masked, but has no column in the table. Put @Masked() on a column, an embedded or the owning side of a relation.`,
      );
}

function masksOf(owner: unknown): Readonly<Record<string, Mask>> {
  if (typeof owner !== 'function') return {};
  return (Reflect.getMetadata(MASKED, owner) as Record<string, Mask> | undefined) ?? {};
}
