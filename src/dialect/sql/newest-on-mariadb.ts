import { keysEqual } from '../keys/keys-equal.js';
import { type Sql } from './sql.js';

/**
 * MariaDB drops a join with a subquery of which nothing is used, unless the subquery tests for a successor. And max()
 * would read all revisions of a row, where ORDER BY … LIMIT 1 stops at the first that is past. MySQL drops no joins, and
 * would run this subquery for each revision of a row.
 */
export const newestOnMariadb: Sql['isNewest'] = ({ table, keys, isPast }) =>
  `r.rev_version = (SELECT n.rev_version FROM ${table} n WHERE ${keysEqual(keys, 'n', 'r')} AND ${isPast('n')} ` +
  `ORDER BY n.rev_version DESC LIMIT 1)`;
