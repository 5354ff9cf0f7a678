import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { AuditConfigurationError } from '../../audit.errors.js';
import { type Mask } from '../../dialect/masks/digest-key.js';
import { prefixesOf, propertyOf, propertyOwners, tableColumns } from '../marks/properties.js';

const MASKED = Symbol.for('nestjs-typeorm-audit:masked');

/** A mask, or false if the value is stored unmasked on purpose. */
export type Decision = Mask | false;

export function markMasked(mask: Decision, prototype: object, property: string): void {
  const masks = Reflect.getMetadata(MASKED, prototype.constructor) as Record<string, Decision> | undefined;
  Reflect.defineMetadata(MASKED, { ...masks, [property]: mask }, prototype.constructor);
}

/** The masks of an entity's columns. A column has its own mask, or else that of its relation or embedded. */
export function columnMasks(metadata: EntityMetadata): Map<ColumnMetadata, Mask> {
  const masks = new Map<ColumnMetadata, Mask>();
  const marked = markedMasks(metadata);
  if (marked.size === 0) return masks;
  for (const column of tableColumns(metadata)) {
    const mask = decisionOn(marked, column);
    if (mask) masks.set(column, mask);
  }
  return masks;
}

/** Whether `@Masked(false)` says that a column is stored unmasked on purpose. */
export function keptInClear(metadata: EntityMetadata, column: ColumnMetadata): boolean {
  return decisionOn(markedMasks(metadata), column) === false;
}

function decisionOn(marked: ReadonlyMap<string, Decision>, column: ColumnMetadata): Decision | undefined {
  const path = prefixesOf(propertyOf(column).propertyPath).find((prefix) => marked.has(prefix));
  return path === undefined ? undefined : marked.get(path);
}

/** @throws AuditConfigurationError naming a masked property that must keep its value, or has no column in the table */
export function assertMasks(metadata: EntityMetadata): void {
  const masks = columnMasks(metadata);
  for (const key of metadata.primaryColumns)
    if (masks.has(key))
      throw new AuditConfigurationError(
        `${metadata.name}.${key.propertyPath} is part of the primary key and can't be masked: its history is found by it. ` +
          `Remove its @Masked().`,
      );
  const columns = tableColumns(metadata).map((column) => propertyOf(column).propertyPath.split('.')[0]);
  for (const property of metadata.inheritanceTree.flatMap((owner) => Object.keys(masksOf(owner))))
    if (!columns.includes(property))
      throw new AuditConfigurationError(
        `${metadata.name}.${property} is masked, but has no column in the table. Put @Masked() on a column, an embedded or the owning side of a relation.`,
      );
}

// A class comes before its base classes, so its own mask wins.
function markedMasks(metadata: EntityMetadata): Map<string, Decision> {
  const marked = new Map<string, Decision>();
  for (const { prefix, owner } of propertyOwners(metadata))
    for (const [property, mask] of Object.entries(masksOf(owner)))
      if (!marked.has(prefix + property)) marked.set(prefix + property, mask);
  return marked;
}

function masksOf(owner: unknown): Readonly<Record<string, Decision>> {
  if (typeof owner !== 'function') return {};
  return (Reflect.getMetadata(MASKED, owner) as Record<string, Decision> | undefined) ?? {};
}
