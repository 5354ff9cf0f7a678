import { type DataSource } from 'typeorm';
import { UUID } from '../arguments/checks.js';
import { InvalidArgumentError } from '../../audit.errors.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { endOf, validDate } from '../arguments/moment.js';
import { type Revision } from '../history.types.js';

/**
 * A moment of the past: a Date, which stands for the end of its millisecond; a revision, for the state that it made;
 * or a transaction, for the state that it left.
 */
export type Moment = Date | Pick<Revision, 'id'> | { transaction: string };

/** A moment as SQL has it. */
export interface PastMoment {
  /** In words, for messages and as part of cache ids. */
  readonly name: string;
  /** Whether a revision had been made by then. */
  readonly isPast: (alias: string) => string;
  /** The common table expression `rev_moment` that `isPast` reads the moment from, if it does. */
  readonly expression?: string;
}

/** @throws InvalidArgumentError naming 'at' when it is no moment */
export function pastMoment(dataSource: DataSource, at: Moment): PastMoment {
  if (at instanceof Date) return momentOfDate(at);
  if (typeof at === 'object' && at !== null) {
    if ('id' in at) return momentOfRevisions(dataSource, 'revision', 'rev_id', at.id);
    if ('transaction' in at)
      return momentOfRevisions(dataSource, 'transaction', 'rev_transaction', at.transaction);
  }
  throw new InvalidArgumentError(
    'at',
    `must be a Date, a revision, or { transaction } with the id of a transaction, got ${String(at)}.`,
  );
}

function momentOfDate(date: Date): PastMoment {
  const end = endOf(validDate('at', date));
  // With an exponent it is a double for every database, and no decimal.
  return { name: date.toISOString(), isPast: (alias) => `${alias}.rev_created < ${end}e0` };
}

// A Date has milliseconds and rev_created microseconds, so the moment itself never leaves the database.
function momentOfRevisions(dataSource: DataSource, kind: string, column: string, given: unknown): PastMoment {
  const id = uuidOf(kind, given);
  const tables = auditPlansOf(dataSource).all.map(({ revision }) => tableName(dataSource, revision));
  const revisions = tables.map((table) => `SELECT rev_created FROM ${table} WHERE ${column} = '${id}'`);
  return {
    name: `${kind} ${id}`,
    isPast: (alias) => `${alias}.rev_created <= (SELECT rev_created FROM rev_moment)`,
    expression: `rev_moment AS (SELECT max(rev_created) AS rev_created FROM (${revisions.join(' UNION ALL ')}) m)`,
  };
}

function uuidOf(kind: string, id: unknown): string {
  const text = String(id).toLowerCase();
  if (typeof id === 'string' && UUID.test(text)) return text;
  throw new InvalidArgumentError(
    'at',
    `must have the id of a ${kind}, which is a UUID, got "${String(id)}".`,
  );
}
