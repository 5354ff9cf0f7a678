import { connectionOf } from '../../typeorm/query-runner.js';
import { postgresSessionOf } from './postgres.session.js';
import { queryPgBeneath } from './query-beneath.js';
import { type Sessions } from './sessions.js';

export function postgresSessions(): Sessions {
  return {
    sharesConnection: false,
    connectionOf: (queryRunner) => queryRunner && connectionOf(queryRunner),
    of: postgresSessionOf(),
    begin: 'START TRANSACTION',
    rollBack: (queryRunner) => queryPgBeneath(queryRunner, 'ROLLBACK'),
    isInTransactionError: () => false,
  };
}
