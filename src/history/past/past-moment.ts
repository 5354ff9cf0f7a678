import { type DataSource } from 'typeorm';
import { UUID } from '../arguments/checks.js';
import { InvalidArgumentError } from '../../audit.errors.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { shown } from '../arguments/filters.js';
import { endOf, validDate } from '../arguments/moment.js';
import { type Moment } from '../types/moment.js';

/** A moment in SQL. */
export interface PastMoment {
  /** For messages and cache ids. */
  readonly name: string;
  /** The SQL condition that a revision was made by that moment. */
  readonly isPast: (alias: string) => string;
  /** The common table expression `rev_moment`, if `isPast` reads the moment from it. */
  readonly expression?: string;
}

/** @throws InvalidArgumentError naming 'at' when it is not a moment */
export function pastMoment(dataSource: DataSource, at: Moment): PastMoment {
  if (at instanceof Date) return momentOfDate(at);
  if (typeof at === 'object' && at !== null) {
    if ('id' in at) return momentOfRevisions(dataSource, 'revision', 'rev_id', at.id);
    if ('transaction' in at)
      return momentOfRevisions(dataSource, 'transaction', 'rev_transaction', at.transaction);
  }
  throw new InvalidArgumentError(
    'at',
    `must be a Date, a revision, or { transaction } with the id of a transaction, got ${shown(at)}.`,
  );
}

function momentOfDate(date: Date): PastMoment {
  const end = endOf(validDate('at', date));
  // With an exponent every database reads the literal as a double, not as a decimal.
  return { name: date.toISOString(), isPast: (alias) => `${alias}.rev_created < ${end}e0` };
}

// A Date has milliseconds, `rev_created` has microseconds. So SQL reads the moment inside the database.
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
