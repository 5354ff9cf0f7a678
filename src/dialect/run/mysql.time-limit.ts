import { type QueryRunner } from 'typeorm';
import { errorNumberOf } from './driver-error.js';
import { type MysqlServer } from '../sessions/mysql.server.js';
import { readPlain } from './prepared.js';
import { type Statement } from './statement.js';
import { type TimeLimit } from './time-limit.js';

// ER_STATEMENT_TIMEOUT of MariaDB, ER_QUERY_TIMEOUT of MySQL.
const EXCEEDED = [1969, 3024];

/** The limit is part of each read's text, so it ends with the read. */
export function mysqlTimeLimit(server: MysqlServer): TimeLimit {
  return {
    needsTransaction: false,
    read: async (queryRunner, statement, values, ms) => {
      await server.recognise(queryRunner);
      const limited = server.isMariadb ? limitOnMariadb : limitOnMysql;
      const text = await limited(queryRunner, statement, ms);
      return readPlain(queryRunner, { ...statement, text }, values);
    },
    isExceeded: (error) => EXCEEDED.includes(errorNumberOf(error)),
  };
}

function limitOnMariadb(_: QueryRunner, { text }: Statement, ms: number): string {
  const own = '@@max_statement_time';
  const seconds = ms / 1000;
  return `SET STATEMENT max_statement_time = IF(${own} > 0, least(${own}, ${seconds}), ${seconds}) FOR ${text}`;
}

// The hint replaces the session's limit and takes only a literal number, so we read the session's limit first.
async function limitOnMysql(queryRunner: QueryRunner, { text }: Statement, ms: number): Promise<string> {
  const [{ own }] = (await queryRunner.query('SELECT @@max_execution_time AS own')) as { own: number }[];
  if (own > 0 && own < ms) return text;
  return `SELECT /*+ MAX_EXECUTION_TIME(${ms}) */${text.slice('SELECT'.length)}`;
}
