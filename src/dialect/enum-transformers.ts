import { type ValueTransformer } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/**
 * The transformers of an enum column's copy, which is plain text: numeric labels come back as numbers, as TypeORM
 * reads them from the enum itself, and then go through the column's own transformers.
 */
export function enumTransformers(column: ColumnMetadata): ValueTransformer | ValueTransformer[] | undefined {
  const numbers = (column.enum ?? []).filter((label) => typeof label === 'number');
  if (numbers.length === 0) return column.transformer;
  const numeric = (value: unknown): unknown =>
    typeof value === 'string' && numbers.includes(Number(value)) ? Number(value) : value;
  const toNumbers: ValueTransformer = {
    to: (value: unknown) => value,
    from: (value: unknown) => (Array.isArray(value) ? value.map(numeric) : numeric(value)),
  };
  // TypeORM reads through the last one first.
  return column.transformer ? [column.transformer, toNumbers].flat() : toNumbers;
}
