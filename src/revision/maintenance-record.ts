import { BaseEntity, type ColumnOptions, type DataSource, type EntityMetadata } from 'typeorm';
import { MetadataArgsStorage } from 'typeorm/metadata-args/MetadataArgsStorage.js';
import { EntityMetadataBuilder } from 'typeorm/metadata-builder/EntityMetadataBuilder.js';
import { MAX_ACTOR_LENGTH } from '../audit.options.js';
import { dialectOf } from '../dialect/dialect-of.js';

/**
 * A maintenance run that changed the history, by whom and why: a row of `audit_maintenance`. Every data source with
 * audited entities has this table.
 *
 * @example await dataSource.getRepository(MaintenanceRecord).findBy({ action: 'erase' })
 * // → [MaintenanceRecord { actor: 'dpo', reason: 'GDPR request 12', entity: 'guest', key: { id: 7 }, … }]
 */
export class MaintenanceRecord extends BaseEntity {
  /** The primary key, a UUID v7. */
  id: string;
  /** When the row was inserted, in seconds since the epoch, with microseconds. */
  created: number;
  actor: string | null;
  reason: string | null;
  action: MaintenanceAction;
  /** The audited table, with its schema. */
  entity: string;
  /** The key of the row, by property, if the run was about one row; null for a whole table. */
  key: Record<string, unknown> | null;
  /** The number of revisions that the run wrote, changed or removed, and its options. */
  details: Record<string, unknown>;
}

/** A kind of maintenance run that changes the history. */
export type MaintenanceAction = 'backfill' | 'reconcile' | 'prune' | 'erase';

/** The metadata of the table `audit_maintenance`. */
export function buildMaintenanceMetadata(dataSource: DataSource): EntityMetadata {
  const { own } = dialectOf(dataSource).types;
  const columns: Record<Exclude<keyof MaintenanceRecord, keyof BaseEntity>, ColumnOptions> = {
    id: { ...own.uuid, primary: true },
    created: { type: 'double precision' },
    actor: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    reason: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    action: { type: 'varchar', length: 16 },
    entity: { ...own.text, length: 255 },
    key: { ...own.json, nullable: true },
    details: { ...own.json },
  };
  const storage = new MetadataArgsStorage();
  storage.tables.push({ target: MaintenanceRecord, name: 'audit_maintenance', type: 'regular' });
  for (const [propertyName, options] of Object.entries(columns))
    storage.columns.push({
      target: MaintenanceRecord,
      mode: 'regular',
      propertyName,
      options: { ...options, name: propertyName },
    });
  return new EntityMetadataBuilder(dataSource, storage).build()[0];
}
