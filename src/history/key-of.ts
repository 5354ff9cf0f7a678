import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidArgumentError } from '../audit.errors.js';
import { type AuditPlan, type PlanColumn } from '../audited/audit-plan.js';
import { type KeyName, keyValuesOf } from './entity-id.js';

/**
 * The values of an id as the driver takes them, in the order of the plan's keys.
 *
 * @throws InvalidArgumentError
 */
export function keyOf(dataSource: DataSource, plan: AuditPlan, id: unknown): unknown[] {
  const values = keyValuesOf(id, plan.keys.map(keyName), plan.metadata.name);
  return plan.keys.map((key, n) => {
    const value: unknown = dataSource.driver.preparePersistentValue(values[n], key.source);
    // Before the driver rounds it; but what a transformer is given may be anything.
    const given = key.source.transformer ? value : values[n];
    if (isInteger(dataSource, key.source)) assertInteger(given, key, plan);
    return value;
  });
}

/** A key as messages and cursors have it: its values joined by commas. */
export function keyText(key: readonly unknown[]): string {
  return key.map((value) => encodeURIComponent(valueText(value))).join();
}

function valueText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

function keyName({ source, propertyPath }: PlanColumn): KeyName {
  return { name: propertyPath, paths: pathsOf(source), takesObjects: !!source.transformer };
}

// A join column is found under its own property, in the related entity, at the relation, or by its database name.
function pathsOf(column: ColumnMetadata): string[][] {
  const own = column.isVirtual ? [] : [column.propertyPath.split('.')];
  const relation = column.relationMetadata?.propertyPath.split('.');
  const related =
    relation && column.referencedColumn
      ? [...pathsOf(column.referencedColumn).map((path) => [...relation, ...path]), relation]
      : [];
  return [...own, ...related, [column.databaseName]];
}

function isInteger(dataSource: DataSource, column: ColumnMetadata): boolean {
  return /^(tiny|small|medium|big)?int(eger|\d)?$/.test(dataSource.driver.normalizeType(column));
}

// Databases disagree on '1abc': an error, nothing, or the row with the key 1.
function assertInteger(value: unknown, key: PlanColumn, plan: AuditPlan): void {
  const fits =
    typeof value === 'number'
      ? Number.isSafeInteger(value)
      : typeof value !== 'string' || /^-?\d+$/.test(value);
  if (fits) return;
  throw new InvalidArgumentError(
    'id',
    typeof value === 'number' && Number.isInteger(value)
      ? `${value} is more than a number holds exactly. Give "${key.propertyPath}" of ${plan.metadata.name} as a string or bigint.`
      : `"${String(value)}" is no integer, and "${key.propertyPath}" of ${plan.metadata.name} is one.`,
  );
}
