import { type DataSource, type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { type Key } from '../../dialect/keys/key.js';
import { driverValue } from '../../dialect/types/driver-value.js';

/** A relation by which a table refers to another one. */
export interface Reference {
  /** The relation's property: `customer`. */
  readonly property: string;
  /** Its join columns, in the order of the target's key. */
  readonly columns: readonly PlanColumn[];
  /** The entity that it refers to. */
  readonly entity: EntityMetadata;
  /** The plan of that entity, if the relation refers to its key; undefined too if it isn't audited. */
  readonly target: AuditPlan | undefined;
}

/** Both sides of a junction table. */
export interface Junction {
  readonly owner: Reference;
  readonly other: Reference;
}

/** The relations of a plan's entity whose join columns it records in clear. */
export function referencesOf(dataSource: DataSource, plan: AuditPlan): Reference[] {
  return plan.metadata.relations
    .filter(({ isManyToOne, isOneToOneOwner }) => isManyToOne || isOneToOneOwner)
    .flatMap(({ propertyPath, joinColumns, inverseEntityMetadata }) => {
      const reference = referenceBy(dataSource, plan, joinColumns, inverseEntityMetadata);
      return reference ? [{ ...reference, property: propertyPath }] : [];
    });
}

/** The relation that a junction table belongs to; undefined for other tables. */
export function junctionOf(dataSource: DataSource, plan: AuditPlan): Junction | undefined {
  if (!plan.metadata.isJunction) return undefined;
  const relation = dataSource.entityMetadatas
    .flatMap(({ manyToManyRelations }) => manyToManyRelations)
    .find(
      ({ isManyToManyOwner, junctionEntityMetadata }) =>
        isManyToManyOwner && junctionEntityMetadata === plan.metadata,
    );
  if (!relation) return undefined;
  const { joinColumns, inverseJoinColumns, entityMetadata, inverseEntityMetadata, propertyPath } = relation;
  const owner = referenceBy(dataSource, plan, joinColumns, entityMetadata);
  const other = referenceBy(dataSource, plan, inverseJoinColumns, inverseEntityMetadata);
  return (
    owner &&
    other && { owner: { ...owner, property: propertyPath }, other: { ...other, property: propertyPath } }
  );
}

/** The key of a reference's target, as the driver takes it. */
export function keyOfTarget(dataSource: DataSource, { columns }: Reference, values: readonly unknown[]): Key {
  return columns.map(({ source }, n) => driverValue(dataSource, source, values[n]));
}

function referenceBy(
  dataSource: DataSource,
  { columns }: AuditPlan,
  joinColumns: readonly ColumnMetadata[],
  metadata: EntityMetadata,
): Omit<Reference, 'property'> | undefined {
  const joins = joinColumns.map(({ databaseName, referencedColumn }) => ({
    column: columns.find((column) => column.databaseName === databaseName),
    referenced: referencedColumn?.databaseName,
  }));
  if (!joins.every(({ column }) => column && !column.mask && column.copy.isSelect)) return undefined;
  const target = auditPlansOf(dataSource).find(metadata);
  const ordered = target?.keys.map((key) => joins.find(({ referenced }) => referenced === key.databaseName));
  const isByKey = ordered?.length === joins.length && ordered.every(Boolean);
  return {
    columns: (isByKey ? ordered : joins).map((join) => join!.column!),
    entity: metadata,
    target: isByKey ? target : undefined,
  };
}
