import { keysEqual } from '../keys/keys-equal.js';
import { type Sql } from './sql.js';

/**
 * Compares with the newest past version of the key. MariaDB drops a join with a subquery whose columns aren't used, but
 * not if the subquery tests for a successor. max() would read all revisions of a row; ORDER BY … LIMIT 1 stops at the
 * first past one. Not for MySQL: it drops no joins, and would run this subquery for each revision of a row.
 */
export const newestOnMariadb: Sql['isNewest'] = ({ table, keys, isPast }) =>
  `r.rev_version = (SELECT n.rev_version FROM ${table} n WHERE ${keysEqual(keys, 'n', 'r')} AND ${isPast('n')} ` +
  `ORDER BY n.rev_version DESC LIMIT 1)`;
