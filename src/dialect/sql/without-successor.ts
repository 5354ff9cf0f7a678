import { type Dialect } from '../dialect.js';

/** Versions have no gaps, so whether a newer one is there is one probe of the (key, version) index. */
export const withoutSuccessor: Dialect['newest'] = ({ table, keys, isPast }) =>
  `NOT EXISTS (SELECT 1 FROM ${table} n WHERE ${keys.map((key) => `n.${key} = r.${key}`).join(' AND ')} ` +
  `AND n.rev_version = r.rev_version + 1 AND ${isPast('n')})`;
