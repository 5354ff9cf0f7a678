import { type DataSource, type EntityMetadata } from 'typeorm';
import { eventTable } from './audit-event.js';
import { changesetTable } from './changeset.js';
import { maintenanceTable } from './maintenance-record.js';
import { buildOwnTable } from './own-table.js';
import { shapeTable } from './shape.js';

/** The metadata of the tables that a data source has once, beside its revision tables. */
export type OwnTables = Readonly<Record<'maintenance' | 'shape' | 'changeset' | 'event', EntityMetadata>>;

export function buildOwnTables(dataSource: DataSource): OwnTables {
  return {
    maintenance: buildOwnTable(dataSource, maintenanceTable),
    shape: buildOwnTable(dataSource, shapeTable),
    changeset: buildOwnTable(dataSource, changesetTable),
    event: buildOwnTable(dataSource, eventTable),
  };
}
