import { BaseEntity } from 'typeorm';
import { MAX_ACTOR_LENGTH } from '../audit.options.js';
import { MAX_TABLE_LENGTH, type OwnTable } from './own-table.js';

/** The longest outcome that is stored, in characters. */
export const MAX_OUTCOME_LENGTH = 16;

/** Something that happened and is not the change of a row, such as a login that failed: a row of `audit_event`. */
export class AuditEvent extends BaseEntity {
  /** The primary key, a UUID v7. */
  id: string;
  /** The `rev_transaction` of the revisions of its database transaction. */
  transaction: string;
  /** When the row was inserted, in seconds since the epoch, with microseconds. */
  created: number;
  actor: string | null;
  /** Who is acted for. */
  onBehalf: string | null;
  /** What happened, by name: `login`, `audit.skipped`. */
  action: string;
  /** The id of the request or trace. */
  request: string | null;
  /** How it ended: `success`, `failure`, `denied`. */
  outcome: string | null;
  /** The audited table that it is about, with its schema. */
  entity: string | null;
  /** What it was done to, in the application's words. */
  target: string | null;
  details: Record<string, unknown> | null;
}

/** The table `audit_event`. */
export const eventTable: OwnTable<AuditEvent> = {
  target: AuditEvent,
  name: 'audit_event',
  columns: ({ own }) => ({
    id: { ...own.uuid, primary: true },
    transaction: { ...own.uuid },
    created: { type: 'double precision' },
    actor: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    onBehalf: { ...own.text, name: 'on_behalf', length: MAX_ACTOR_LENGTH, nullable: true },
    action: { ...own.text, length: MAX_ACTOR_LENGTH },
    request: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    outcome: { type: 'varchar', length: MAX_OUTCOME_LENGTH, nullable: true },
    entity: { ...own.text, length: MAX_TABLE_LENGTH, nullable: true },
    target: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    details: { ...own.json, nullable: true },
  }),
  indices: [
    { columns: ['transaction'] },
    { columns: ['actor', 'id'] },
    { columns: ['action', 'id'] },
    { columns: ['request'], present: 'request' },
  ],
};
