import { type Sql } from './sql.js';

/** `UPDATE … FROM`, on PostgreSQL and SQLite. */
export const updateFrom: Sql['updateFrom'] = ({ target, source, on, set }) =>
  `UPDATE ${target} AS t SET ${Object.entries(set)
    .map(([column, value]) => `${column} = ${value}`)
    .join(', ')} FROM ${source} WHERE ${on}`;
