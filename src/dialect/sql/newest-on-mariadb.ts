import { type Dialect } from '../dialect.js';

/**
 * MariaDB can drop a join with what reads this when nothing of it is used; a successor test would keep it. And max()
 * would read all revisions of a row, where this ends at the first that is past. MySQL drops no joins, and would look
 * it up anew for each revision of a row.
 */
export const newestOnMariadb: Dialect['newest'] = ({ table, keys, isPast }) =>
  `r.rev_version = (SELECT n.rev_version FROM ${table} n WHERE ` +
  `${keys.map((key) => `n.${key} = r.${key}`).join(' AND ')} AND ${isPast('n')} ` +
  `ORDER BY n.rev_version DESC LIMIT 1)`;
