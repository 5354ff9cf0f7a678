import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { keyValueText } from '../../dialect/keys/key-text.js';
import { driverValue } from '../../dialect/types/driver-value.js';
import { isInteger, isNumeric } from '../../dialect/types/type-names.js';
import { type KeyName, keyValuesOf } from './entity-id.js';
import { type EntityId } from '../types/entity-id.js';

/**
 * The driver values of an id, in the order of the plan's keys.
 *
 * @throws InvalidArgumentError
 */
export function keyOf(dataSource: DataSource, plan: AuditPlan, id: unknown): unknown[] {
  const values = keyValuesOf(id, plan.keys.map(keyName), plan.metadata.name);
  return plan.keys.map((key, n) => keyValueOf(dataSource, plan, key, values[n]));
}

/**
 * The id of a key, as `keyOf()` takes it: the value, or for a composite key an object of its columns.
 *
 * @example entityIdOf([order, line], …) // → { orderId: 1, line: 2 }
 */
export function entityIdOf(
  keys: readonly PlanColumn[],
  valueOf: (key: PlanColumn, n: number) => unknown,
): EntityId {
  if (keys.length === 1) return valueOf(keys[0], 0) as EntityId;
  const id: Record<string, unknown> = {};
  for (const [n, key] of keys.entries()) {
    const path = key.source.isVirtual ? [key.databaseName] : key.source.propertyPath.split('.');
    const holder = path
      .slice(0, -1)
      .reduce((outer, name) => (outer[name] ??= {}) as Record<string, unknown>, id);
    holder[path.at(-1)!] = valueOf(key, n);
  }
  return id;
}

/** A key as text, for messages and cursors: its values, URL-encoded and joined by commas. */
export function keyLabel(key: Key): string {
  return key.map((value) => encodeURIComponent(keyValueText(value))).join();
}

function keyValueOf(dataSource: DataSource, plan: AuditPlan, key: PlanColumn, given: unknown): unknown {
  const { source } = key;
  const type = dataSource.driver.normalizeType(source);
  // Every driver takes a bigint as text, but not every driver takes a bigint.
  const value = typeof given === 'bigint' && !source.transformer ? given.toString() : given;
  const result = driverValue(dataSource, source, value);
  if (result instanceof Date && Number.isNaN(result.getTime()))
    throw new InvalidArgumentError(
      'id',
      `must have a date as "${key.propertyPath}" of ${plan.metadata.name}, got "${String(given)}".`,
    );
  if (isNumeric(type) && !source.transformer) assertNumber(value, key, plan);
  // The value is checked before the driver rounds it. A transformer's input may be anything, so its output is checked.
  if (isInteger(type)) assertInteger(source.transformer ? result : value, key, plan);
  return result;
}

function keyName({ source, propertyPath }: PlanColumn): KeyName {
  return { name: propertyPath, paths: pathsOf(source), takesObjects: !!source.transformer };
}

// A join column's value may be under its own property, under its database name, or inside the relation, whose value is
// an entity or a key.
function pathsOf(column: ColumnMetadata, outer: readonly ColumnMetadata[] = []): string[][] {
  const own = column.isVirtual ? [] : [column.propertyPath.split('.')];
  const related = column.entityMetadata.relations.flatMap(({ propertyPath, joinColumns }) => {
    // A second relation over a column adds a duplicate to the metadata.
    const joined = joinColumns.find(
      ({ databaseName }) => databaseName === column.databaseName,
    )?.referencedColumn;
    // Parents and children in a tree may share a tenant column, which would lead in a circle.
    if (!joined || joined === column || outer.includes(joined)) return [];
    const path = propertyPath.split('.');
    return [...pathsOf(joined, [...outer, column]).map((rest) => [...path, ...rest]), path];
  });
  return [...own, ...related, [column.databaseName]];
}

// Some number columns have no limit. As a JavaScript number '1e999' or 400 digits become Infinity, which SQL lacks.
function assertNumber(value: unknown, { propertyPath }: PlanColumn, plan: AuditPlan): void {
  if (
    typeof value !== 'string' ||
    (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) && Number.isFinite(Number(value)))
  )
    return;
  const shown = value.length > 40 ? `${value.slice(0, 40)}… (${value.length} characters)` : value;
  throw new InvalidArgumentError(
    'id',
    `must have a number that fits as "${propertyPath}" of ${plan.metadata.name}, got "${shown}".`,
  );
}

// Databases disagree on the key '1abc': an error, no row, or the row with the key 1.
function assertInteger(value: unknown, key: PlanColumn, plan: AuditPlan): void {
  const fits =
    typeof value === 'number'
      ? Number.isSafeInteger(value)
      : typeof value !== 'string' || /^-?\d+$/.test(value);
  if (fits) return;
  throw new InvalidArgumentError(
    'id',
    typeof value === 'number' && Number.isInteger(value)
      ? `must have "${key.propertyPath}" of ${plan.metadata.name} as a string or bigint, got ${value}, which a number doesn't hold exactly.`
      : `must have an integer as "${key.propertyPath}" of ${plan.metadata.name}, got "${String(value)}".`,
  );
}
