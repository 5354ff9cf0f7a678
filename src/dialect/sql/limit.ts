import { type Sql } from './sql.js';

/** LIMIT … OFFSET, as all of these databases have it. */
export const limit: Sql['limit'] = (rows, offset) =>
  offset === undefined ? `LIMIT ${rows}` : `LIMIT ${rows} OFFSET ${offset}`;
