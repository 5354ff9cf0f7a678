import { BaseEntity } from 'typeorm';
import { MAX_ACTOR_LENGTH } from '../audit.options.js';
import { MAX_TABLE_LENGTH, type OwnTable } from './own-table.js';

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
export type MaintenanceAction =
  | 'backfill'
  | 'reconcile'
  | 'prune'
  | 'erase'
  /** Nothing was changed: it was found that each row of the table has a history. */
  | 'complete'
  /** A migration dropped a column of the history. */
  | 'drop'
  /** A migration took the values of a column from all rows of the audited table. */
  | 'emptied'
  /** `renameHistory()` gave the history to another name of its table. */
  | 'rename';

/** The table `audit_maintenance`. */
export const maintenanceTable: OwnTable<MaintenanceRecord> = {
  target: MaintenanceRecord,
  name: 'audit_maintenance',
  columns: ({ own }) => ({
    id: { ...own.uuid, primary: true },
    created: { type: 'double precision' },
    actor: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    reason: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    action: { type: 'varchar', length: 16 },
    entity: { ...own.text, length: MAX_TABLE_LENGTH },
    key: { ...own.json, nullable: true },
    details: { ...own.json },
  }),
  withoutRowid: true,
};
