import { sqlStateOf } from './driver-error.js';
import { readPlain } from './prepared.js';
import { ownQueryOf } from '../../typeorm/query-runner.js';
import { type TimeLimit } from './time-limit.js';

// query_canceled. The server's message is in its own language.
const CANCELED = '57014';

// The present limit in seconds; 0 for none.
const OWN_LIMIT = `extract(epoch FROM current_setting('statement_timeout')::interval)`;

/** Sets `statement_timeout` for the transaction only: a pooler may give the session to another client afterwards. */
export const postgresTimeLimit: TimeLimit = {
  needsTransaction: true,

  read: async (queryRunner, statement, values, ms) => {
    await ownQueryOf(queryRunner).call(
      queryRunner,
      `SELECT set_config('statement_timeout', CASE WHEN ${OWN_LIMIT} > 0 AND ${OWN_LIMIT} * 1000 < ${ms} ` +
        `THEN current_setting('statement_timeout') ELSE '${ms}' END, true)`,
    );
    return readPlain(queryRunner, statement, values);
  },

  isExceeded: (error) => sqlStateOf(error) === CANCELED,
};
