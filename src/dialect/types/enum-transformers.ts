import { type ValueTransformer } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** An array of labels as one text, joined by commas, as TypeORM stores it on databases without arrays. */
const JOINED: ValueTransformer = {
  to: (value: unknown) => (Array.isArray(value) ? value.join(',') : value),
  from: (value: unknown) => (typeof value === 'string' ? (value === '' ? [] : value.split(',')) : value),
};

/**
 * The transformers of an enum column's copy, which is plain text. They read numeric labels as numbers, as TypeORM does
 * for an enum, and then apply the column's own transformers.
 *
 * @param joinsArrays whether an array of labels is one text in this database
 */
export function enumTransformers(
  column: ColumnMetadata,
  joinsArrays = false,
): ValueTransformer | ValueTransformer[] | undefined {
  const numbers = (column.enum ?? []).filter((label) => typeof label === 'number');
  // For a read TypeORM applies the last transformer first.
  const transformers = [
    ...[column.transformer ?? []].flat(),
    ...(numbers.length > 0 ? [toNumbers(numbers)] : []),
    ...(joinsArrays && column.isArray ? [JOINED] : []),
  ];
  return transformers.length > 1 ? transformers : transformers.at(0);
}

function toNumbers(numbers: readonly unknown[]): ValueTransformer {
  const numeric = (value: unknown): unknown =>
    typeof value === 'string' && numbers.includes(Number(value)) ? Number(value) : value;
  return {
    to: (value: unknown) => value,
    from: (value: unknown) => (Array.isArray(value) ? value.map(numeric) : numeric(value)),
  };
}
