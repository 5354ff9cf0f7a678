import { type DataSource, type EntityMetadata } from 'typeorm';

/**
 * A table's quoted name for SQL, with its schema or database if it has one.
 *
 * @example tableName(dataSource, metadata) // → "hotel"."reservation"
 */
export function tableName(
  { driver }: Pick<DataSource, 'driver'>,
  { tablePath }: Pick<EntityMetadata, 'tablePath'>,
): string {
  return tablePath
    .split('.')
    .map((name) => driver.escape(name))
    .join('.');
}
