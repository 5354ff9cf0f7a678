import { type Sql } from './sql.js';

/** LIMIT … OFFSET, on all supported databases. */
export const limit: Sql['limit'] = (rows, offset) =>
  offset === undefined ? `LIMIT ${rows}` : `LIMIT ${rows} OFFSET ${offset}`;
