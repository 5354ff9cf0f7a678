import { type DataSource, type EntityMetadata } from 'typeorm';

/**
 * Where a table is: the same text for an entity's metadata and for every path that means its table, whether or not that
 * names the schema or database of the connection.
 *
 * @example parsedPlace(dataSource, 'public.tag') === parsedPlace(dataSource, dataSource.getMetadata(Tag)) // → true
 */
export function parsedPlace({ driver }: DataSource, target: EntityMetadata | string): string {
  const { database, schema, tableName } = driver.parseTableName(target);
  return JSON.stringify([database, schema, tableName]);
}
