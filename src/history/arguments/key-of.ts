import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { keyValueText } from '../../dialect/keys/key-text.js';
import { driverValue } from '../../dialect/types/driver-value.js';
import { isInteger, isNumeric } from '../../dialect/types/type-names.js';
import { type KeyName, keyValuesOf } from './entity-id.js';
import { type EntityId } from '../history.types.js';

/**
 * The values of an id as the driver takes them, in the order of the plan's keys.
 *
 * @throws InvalidArgumentError
 */
export function keyOf(dataSource: DataSource, plan: AuditPlan, id: unknown): unknown[] {
  const values = keyValuesOf(id, plan.keys.map(keyName), plan.metadata.name);
  return plan.keys.map((key, n) => prepared(dataSource, plan, key, values[n]));
}

/**
 * The id that `keyOf()` takes for a key: its value, or for a composite one an object of its columns.
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

/** A key as messages have it: its values joined by commas. */
export function keyInMessage(key: Key): string {
  return key.map((value) => encodeURIComponent(keyValueText(value))).join();
}

function prepared(dataSource: DataSource, plan: AuditPlan, key: PlanColumn, given: unknown): unknown {
  const { source } = key;
  const type = dataSource.driver.normalizeType(source);
  // Drivers take the text of a bigint, but not all take a bigint.
  const value = typeof given === 'bigint' && !source.transformer ? given.toString() : given;
  const result = driverValue(dataSource, source, value);
  if (result instanceof Date && Number.isNaN(result.getTime()))
    throw new InvalidArgumentError(
      'id',
      `must have a date as "${key.propertyPath}" of ${plan.metadata.name}, got "${String(given)}".`,
    );
  if (isNumeric(type) && !source.transformer) assertNumber(value, key, plan);
  // Before the driver rounds it; but what a transformer is given may be anything.
  if (isInteger(type)) assertInteger(source.transformer ? result : value, key, plan);
  return result;
}

function keyName({ source, propertyPath }: PlanColumn): KeyName {
  return { name: propertyPath, paths: pathsOf(source), takesObjects: !!source.transformer };
}

// A join column is found under its own property, in an entity or a key that a relation holds, or by its database name.
function pathsOf(column: ColumnMetadata, outer: readonly ColumnMetadata[] = []): string[][] {
  const own = column.isVirtual ? [] : [column.propertyPath.split('.')];
  const related = column.entityMetadata.relations.flatMap(({ propertyPath, joinColumns }) => {
    // A second relation over the same column has a copy of it.
    const joined = joinColumns.find(
      ({ databaseName }) => databaseName === column.databaseName,
    )?.referencedColumn;
    // A tree of one tenant's rows shares the tenant's column with its parents.
    if (!joined || joined === column || outer.includes(joined)) return [];
    const path = propertyPath.split('.');
    return [...pathsOf(joined, [...outer, column]).map((rest) => [...path, ...rest]), path];
  });
  return [...own, ...related, [column.databaseName]];
}

// As a number some of them have no limit, and '1e999' or 400 digits become Infinity, which is no number in SQL.
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
      ? `must have "${key.propertyPath}" of ${plan.metadata.name} as a string or bigint, got ${value}, which a number doesn't hold exactly.`
      : `must have an integer as "${key.propertyPath}" of ${plan.metadata.name}, got "${String(value)}".`,
  );
}
