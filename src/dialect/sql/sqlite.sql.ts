import { limit } from './limit.js';
import { type Sql } from './sql.js';
import { updateFrom } from './update-from.js';
import { withoutSuccessor } from './without-successor.js';

export const sqliteSql: Sql = {
  // SQLite keeps the order of CROSS JOIN only.
  leadingJoin: 'CROSS JOIN',
  limit,
  apart: '',
  unordered: '',
  greatest: (...expressions) => `max(${expressions.join(', ')})`,
  unlessTaken: (insert) => insert.replace(/^INSERT /, 'INSERT OR IGNORE '),
  hasPartialIndexes: true,
  updateFrom,
  isNewest: withoutSuccessor,
  notMaterialized: '',
  pastHints: () => '',
};
