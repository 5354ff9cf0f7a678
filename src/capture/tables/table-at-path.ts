import { type DataSource, type EntityMetadata } from 'typeorm';
import { dialectOf, isSupported } from '../../dialect/dialect-of.js';

/**
 * The metadata of the table at a path: for a single-table inheritance the root's; undefined for a table without an
 * entity. Builders and query runners accept paths by which TypeORM finds no entity, as in `update('public.tag')` for an
 * entity without a schema.
 */
export function tableAtPath(dataSource: DataSource, path: string): EntityMetadata | undefined {
  if (!isSupported(dataSource)) return undefined;
  const { tablePlace } = dialectOf(dataSource).catalogue;
  const place = tablePlace(path);
  return dataSource.entityMetadatas.find(
    (metadata) =>
      metadata.tableType !== 'view' &&
      metadata.tableType !== 'entity-child' &&
      tablePlace(metadata) === place,
  );
}

/** The root of a single-table inheritance, or the table's own metadata. */
export function tableOf(metadata: EntityMetadata): EntityMetadata {
  return metadata.tableType === 'entity-child' ? metadata.parentEntityMetadata : metadata;
}
