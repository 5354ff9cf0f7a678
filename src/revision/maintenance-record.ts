import { BaseEntity, type ColumnOptions, type DataSource, type EntityMetadata } from 'typeorm';
import { MetadataArgsStorage } from 'typeorm/metadata-args/MetadataArgsStorage.js';
import { EntityMetadataBuilder } from 'typeorm/metadata-builder/EntityMetadataBuilder.js';
import { MAX_ACTOR_LENGTH } from '../audit.options.js';
import { dialectOf } from '../dialect/dialect-of.js';

/**
 * What was done to the history itself, by whom and why: a row of `audit_maintenance`, which every data source with
 * audited entities has.
 *
 * @example await dataSource.getRepository(MaintenanceRecord).findBy({ action: 'erase' })
 * // → [MaintenanceRecord { actor: 'dpo', reason: 'GDPR request 12', entity: 'guest', key: { id: 7 }, … }]
 */
export class MaintenanceRecord extends BaseEntity {
  /** UUID v7. */
  id: string;
  /** Seconds since the epoch, with microseconds. */
  created: number;
  actor: string | null;
  reason: string | null;
  action: MaintenanceAction;
  /** The audited table, with its schema. */
  entity: string;
  /** Of the one row that it was about, by property; null for a whole table. */
  key: Record<string, unknown> | null;
  /** How many revisions it wrote, changed or removed, and by which rule. */
  details: Record<string, unknown>;
}

export type MaintenanceAction = 'backfill' | 'reconcile' | 'prune' | 'erase';

/** The metadata of the table in which what is done to the history itself is recorded. */
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
