import { type DataSource, type EntityMetadata } from 'typeorm';

/**
 * The place of a table: the same text for an entity's metadata and for every path of its table, whether or not the path
 * names the connection's schema or database.
 *
 * @example placeByParsing(dataSource, 'public.tag') === placeByParsing(dataSource, dataSource.getMetadata(Tag)) // → true
 */
export function placeByParsing({ driver }: DataSource, target: EntityMetadata | string): string {
  const { database, schema, tableName } = driver.parseTableName(target);
  return JSON.stringify([database, schema, tableName]);
}
