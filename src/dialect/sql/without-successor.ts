import { keysEqual } from '../keys/keys-equal.js';
import { type Sql } from './sql.js';

/** Versions have no gaps, so one probe of the (key, version) index tells whether there is a newer revision. */
export const withoutSuccessor: Sql['isNewest'] = ({ table, keys, isPast }) =>
  `NOT EXISTS (SELECT 1 FROM ${table} n WHERE ${keysEqual(keys, 'n', 'r')} ` +
  `AND n.rev_version = r.rev_version + 1 AND ${isPast('n')})`;
