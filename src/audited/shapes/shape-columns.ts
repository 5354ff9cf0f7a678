import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ShapeColumn } from '../../revision/shape.js';
import { type PlanColumn } from '../audit-plan.js';
import { constantDefault } from './constant-default.js';

/** The columns of a plan as `audit_shape` stores them. */
export function shapeColumns(dataSource: DataSource, columns: readonly PlanColumn[]): ShapeColumn[] {
  return columns.map(({ databaseName, source }) => {
    const value = valueOfOlderRows(dataSource, source);
    return { name: databaseName, ...(value === undefined ? {} : { default: value }) };
  });
}

/** The value that a new column has in rows that were there before; undefined where only the database knows it. */
function valueOfOlderRows(dataSource: DataSource, column: ColumnMetadata): ShapeColumn['default'] {
  if (column.isGenerated || column.generatedType) return undefined;
  // TypeORM gives these a default of the database.
  if (column.isCreateDate || column.isUpdateDate) return undefined;
  const given: unknown = column.default;
  if (given === undefined || given === null) return column.isNullable ? null : undefined;
  if (typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean') return given;
  return constantDefault(dataSource.driver.normalizeDefault(column));
}
