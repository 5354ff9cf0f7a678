import { type DataSource, type EntityMetadata } from 'typeorm';
import { dialectOf, isSupported } from '../../dialect/dialect-of.js';

/**
 * The table that a path means, in its root's metadata where it is a single-table inheritance; undefined for a table that
 * has no entity. A query builder or query runner takes such a path where TypeORM knows no entity by it, as in
 * `update('public.tag')` for an entity that names no schema.
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
