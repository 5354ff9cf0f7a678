import { BaseEntity } from 'typeorm';
import { MAX_ACTOR_LENGTH } from '../audit.options.js';
import { type OwnTable } from './own-table.js';

/** That a transaction wrote an audited table, and who did it: a row of `audit_changeset`. */
export class Changeset extends BaseEntity {
  /** The `rev_transaction` of its revisions. */
  id: string;
  /** The number of the audited table: `Shape.entity`. Negative: a further context of the transaction, see `numberOfContext()`. */
  entity: number;
  /** When its first revision was made, by the clock of the process: seconds since the epoch, with microseconds. */
  created: number;
  actor: string | null;
  /** Who is acted for. */
  onBehalf: string | null;
  /** What was done, by name: `order.cancel`. */
  action: string | null;
  /** The id of the request or trace. */
  request: string | null;
  /** PostgreSQL's own id of the transaction, by which it tells whether the transaction is still open. */
  xid: string | null;
}

/** The table `audit_changeset`. */
export const changesetTable: OwnTable<Changeset> = {
  target: Changeset,
  name: 'audit_changeset',
  columns: ({ own }) => ({
    id: { ...own.uuid, primary: true },
    entity: { type: 'int', primary: true },
    created: { type: 'double precision' },
    actor: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    onBehalf: { ...own.text, name: 'on_behalf', length: MAX_ACTOR_LENGTH, nullable: true },
    action: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    request: { ...own.text, length: MAX_ACTOR_LENGTH, nullable: true },
    xid: { type: 'bigint', nullable: true },
  }),
  indices: [
    { columns: ['actor', 'id'] },
    { columns: ['action', 'id'], present: 'action' },
    { columns: ['request'], present: 'request' },
  ],
  withoutRowid: true,
};
