import { type DataSource } from 'typeorm';
import { HMAC_DIGITS, HMAC_PADS } from './mask.js';
import { type Masks } from './masks.js';
import { isBinary } from '../types/type-names.js';
import { type MysqlServer } from '../sessions/mysql.server.js';
import { ANY_TEXT } from '../types/mysql.texts.js';
import { noRandomNumbers, PAD_BYTES, readPad, words } from './pad.js';
import { queryMysqlBeneath } from '../sessions/query-beneath.js';
import { connectionOf } from '../../typeorm/query-runner.js';

const UNDEFINED_FUNCTION = 1305;

const PAD = '@nestjs_typeorm_audit_pad';
const MAKE_PAD = `SELECT ${PAD} := hex(random_bytes(${PAD_BYTES})) AS pad`;
const FORGET_PAD = `SET ${PAD} = NULL`;

/** The part of a mysql2 connection that we use. */
interface MysqlConnection {
  query(text: string, done: () => void): void;
}

export function mysqlMasks({ driver }: DataSource, server: MysqlServer): Masks {
  const block = (parameter: string, pad: number): string =>
    server.isMariadb ? blockByWords(parameter, pad) : blockByBytes(parameter, pad);
  return {
    asText: (expression) => `CONVERT(${expression} USING ${ANY_TEXT})`,
    // The digest is ASCII because ASCII text compares with any character set, and a copy has its table's. USER() makes
    // a binary log in MIXED format hold the statement's rows, not its text with the pad.
    digest: (expression, column, { id, inner, outer }) =>
      `IF(USER() IS NULL, NULL, CONVERT(concat('${id}', left(sha2(concat(${block(outer, HMAC_PADS.outer)}, unhex(sha2(concat(${block(inner, HMAC_PADS.inner)}, ` +
      `${textOf(expression, driver.normalizeType(column))}), 256))), 256), ${HMAC_DIGITS})) USING ascii))`,
    makePad: async (queryRunner) => {
      try {
        return readPad((await queryMysqlBeneath(queryRunner, MAKE_PAD))[0].pad);
      } catch (error) {
        if ((error as { errno?: number }).errno !== UNDEFINED_FUNCTION) throw error;
        throw noRandomNumbers('MariaDB has random_bytes() from version 10.10.', error);
      }
    },
    // No need to wait: the connection runs it before its next statement. If it fails, the connection is lost, and the
    // pad with it.
    forgetPad: (queryRunner) => {
      const connection = connectionOf(queryRunner) as MysqlConnection | undefined;
      connection?.query(FORGET_PAD, () => undefined);
    },
  };
}

// A block of HMAC. Its first half holds the key, blinded. Its second half is the same for all keys.
function blockByBytes(parameter: string, pad: number): string {
  return `concat(unhex(${parameter}) ^ unhex(${PAD}), unhex(repeat('${pad.toString(16)}', ${PAD_BYTES})))`;
}

// A block of HMAC on MariaDB, whose operators take only integers.
function blockByWords(parameter: string, pad: number): string {
  const integer = (word: string): string => `CAST(conv(${word}, 16, 10) AS UNSIGNED)`;
  const pads = words(PAD);
  const half = words(parameter).map(
    (word, n) => `lpad(hex(${integer(word)} ^ ${integer(pads[n])}), 16, '0')`,
  );
  return `unhex(concat(${half.join(', ')}, repeat('${pad.toString(16)}', ${PAD_BYTES})))`;
}

// The bytes must not depend on the session's time zone (timestamp) or the column's character set (text).
function textOf(expression: string, type: string): string {
  if (isBinary(type)) return expression;
  const text = `CONVERT(${type === 'timestamp' ? `unix_timestamp(${expression})` : expression} USING utf8mb4)`;
  return `CAST(${text} AS BINARY)`;
}
