import { limit } from './limit.js';
import { type Sql } from './sql.js';
import { updateFrom } from './update-from.js';
import { withoutSuccessor } from './without-successor.js';

export const postgresSql: Sql = {
  leadingJoin: 'JOIN',
  leftJoinLateral: (subquery, alias) => `LEFT JOIN LATERAL (${subquery}) ${alias} ON TRUE`,
  limit,
  apart: '',
  greatest: (...expressions) => `greatest(${expressions.join(', ')})`,
  unlessTaken: (insert, columns) => `${insert} ON CONFLICT (${columns.join(', ')}) DO NOTHING`,
  updateFrom,
  isNewest: withoutSuccessor,
  // If a query reads a table of the past twice, PostgreSQL would materialize the whole table.
  notMaterialized: 'NOT MATERIALIZED ',
  pastHints: () => '',
};
