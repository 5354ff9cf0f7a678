import { limit } from './limit.js';
import { type Sql } from './sql.js';
import { updateFrom } from './update-from.js';
import { withoutSuccessor } from './without-successor.js';

export const postgresSql: Sql = {
  leadingJoin: 'JOIN',
  leftJoinLateral: (subquery, alias) => `LEFT JOIN LATERAL (${subquery}) ${alias} ON TRUE`,
  limit,
  apart: '',
  unordered: ' OFFSET 0',
  greatest: (...expressions) => `greatest(${expressions.join(', ')})`,
  unlessTaken: (insert, columns) => `${insert} ON CONFLICT (${columns.join(', ')}) DO NOTHING`,
  // A target of ON CONFLICT would need the right to SELECT.
  insertBoth: (revisions, changeset) =>
    `WITH audit_written AS (${revisions} RETURNING 1), ` +
    `audit_begun AS (${changeset} WHERE EXISTS (SELECT 1 FROM audit_written) ON CONFLICT DO NOTHING) ` +
    `SELECT count(*)::int AS written FROM audit_written`,
  // pg_current_xact_id() is from PostgreSQL 13 on.
  transactionId: 'txid_current()',
  hasPartialIndexes: true,
  updateFrom,
  isNewest: withoutSuccessor,
  // If a query reads a table of the past twice, PostgreSQL would materialize the whole table.
  notMaterialized: 'NOT MATERIALIZED ',
  pastHints: () => '',
};
