import { type Dialect } from '../dialect.js';

/** `UPDATE … FROM`, as PostgreSQL and SQLite have it. */
export const updateFrom: Dialect['updateJoined'] = ({ target, source, on, set }) =>
  `UPDATE ${target} AS t SET ${Object.entries(set)
    .map(([column, value]) => `${column} = ${value}`)
    .join(', ')} FROM ${source} WHERE ${on}`;
