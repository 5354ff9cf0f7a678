import { type DataSource } from 'typeorm';
import { type ShapeColumn } from '../revision/shape.js';
import { type AuditPlan, maskKind, type PlanColumn } from './audit-plan.js';

/** The columns of a plan, as `audit_shape` has them. */
export function shapeColumns(dataSource: DataSource, { columns }: AuditPlan): ShapeColumn[] {
  return columns.map((column) => {
    const value = constantDefault(dataSource, column);
    return {
      name: column.databaseName,
      ...(column.mask && { mask: maskKind(column.mask) }),
      ...(value !== undefined && { default: value }),
    };
  });
}

/**
 * The value that a new column gives to the rows that are there: null without a default; undefined if the database
 * computes it, or there is none because the column is NOT NULL without a default.
 */
function constantDefault(dataSource: DataSource, { source, mask }: PlanColumn): ShapeColumn['default'] {
  const value: unknown = source.default;
  if (source.isGenerated || source.asExpression !== undefined || typeof value === 'function')
    return undefined;
  if (value === undefined || value === null) return source.isNullable ? null : undefined;
  // The copy of a masked value needs the key.
  if (mask) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  // JSON and arrays, as the database writes them: TypeORM makes a literal of them.
  const literal = /^'(.*)'$/s.exec(dataSource.driver.normalizeDefault(source) ?? '')?.[1];
  return literal?.replaceAll("''", "'");
}
