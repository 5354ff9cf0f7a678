import { type MysqlServer } from '../sessions/mysql.server.js';
import { ignoreTaken } from './ignore-taken.js';
import { limit } from './limit.js';
import { insertBothOnMariadb, mariadbBlocks } from './mariadb.blocks.js';
import { newestOnMariadb } from './newest-on-mariadb.js';
import { type Sql } from './sql.js';
import { withoutSuccessor } from './without-successor.js';

/** Up to this many tables MySQL may try every join order. */
const MOST_ORDERED = 7;

export function mysqlSql(server: MysqlServer): Sql {
  return {
    leadingJoin: 'STRAIGHT_JOIN',
    limit,
    apart: limit(2 ** 31),
    unordered: '',
    greatest: (...expressions) => `greatest(${expressions.join(', ')})`,
    unlessTaken: ignoreTaken,
    hasPartialIndexes: false,
    updateFrom: ({ target, lookup = '', source, on, set }) =>
      `UPDATE ${source} STRAIGHT_JOIN ${target} t${lookup} ON ${on} SET ${Object.entries(set)
        .map(([column, value]) => `t.${column} = ${value}`)
        .join(', ')}`,
    isNewest: (past) => (server.isMariadb ? newestOnMariadb(past) : withoutSuccessor(past)),
    notMaterialized: '',
    // MySQL searches the best order of up to 62 joined tables, and with 30 tables of the past the search doesn't
    // finish. MariaDB takes the hint for a comment.
    pastHints: (tables) => (tables > MOST_ORDERED ? 'SET_VAR(optimizer_search_depth = 3)' : ''),
    // MySQL has blocks in stored programs only.
    get insertBoth() {
      return server.isMariadb ? insertBothOnMariadb : undefined;
    },
    get blocks() {
      return server.isMariadb ? mariadbBlocks : undefined;
    },
  };
}
