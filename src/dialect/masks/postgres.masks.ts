import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { queryPgBeneath } from '../sessions/query-beneath.js';
import { HMAC_DIGITS, HMAC_PADS } from './mask.js';
import { type Masks } from './masks.js';
import { noRandomNumbers, PAD_BYTES, readPad, words } from './pad.js';

const UNDEFINED_FUNCTION = '42883';

const PAD = 'nestjs_typeorm_audit.pad';
// Set for the transaction only, because a pooler may give the session to another client afterwards.
const MAKE_PAD =
  `SELECT set_config('${PAD}', encode(sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text || ` +
  `gen_random_uuid()::text, '-', ''), 'hex')), 'hex'), true) AS pad`;

export function postgresMasks(dataSource: DataSource): Masks {
  return {
    asText: (expression) => `(${expression})::text`,
    digest: (expression, column, { id, inner, outer }) =>
      `('${id}' || left(encode(sha256(${block(outer, HMAC_PADS.outer)} || sha256(${block(inner, HMAC_PADS.inner)} || ` +
      `convert_to(${textOf(dataSource, expression, column)}, 'UTF8'))), 'hex'), ${HMAC_DIGITS}))::varchar`,
    makePad: async (queryRunner) => {
      try {
        return readPad((await queryPgBeneath(queryRunner, MAKE_PAD)).rows[0].pad);
      } catch (error) {
        if ((error as { code?: string }).code !== UNDEFINED_FUNCTION) throw error;
        throw noRandomNumbers(
          'PostgreSQL has gen_random_uuid() from version 13, and before with CREATE EXTENSION pgcrypto.',
          error,
        );
      }
    },
  };
}

// A block of HMAC. Its first half holds the key, blinded. Its second half is the same for all keys. The sub-SELECT
// makes the block once for a statement: making it for each row took longer than the hashing.
function block(parameter: string, pad: number): string {
  const integer = (word: string): string => `('x' || ${word})::bit(64)::bigint`;
  const pads = words(`current_setting('${PAD}')`);
  const half = words(`${parameter}::varchar`).map(
    (word, n) => `int8send(${integer(word)} # ${integer(pads[n])})`,
  );
  return `(SELECT ${half.join(' || ')} || decode(repeat('${pad.toString(16)}', ${PAD_BYTES}), 'hex'))`;
}

// A moment's text depends on the session's time zone, but the digest must not.
function textOf(dataSource: DataSource, expression: string, column: ColumnMetadata): string {
  const isMoment = dataSource.driver.normalizeType(column) === 'timestamp with time zone' && !column.isArray;
  return isMoment ? `(${expression} AT TIME ZONE 'UTC')::text` : `${expression}::text`;
}
