import { connectionOf } from '../../typeorm/query-runner.js';
import { type MysqlServer } from './mysql.server.js';
import { hideTransaction, MysqlSession } from './mysql.session.js';
import { queryMysqlBeneath } from './query-beneath.js';
import { oncePerConnection } from './session.js';
import { type Sessions } from './sessions.js';

export function mysqlSessions(server: MysqlServer): Sessions {
  return {
    sharesConnection: false,
    connectionOf: (queryRunner) => queryRunner && connectionOf(queryRunner),
    of: oncePerConnection(() => new MysqlSession()),
    begin: 'START TRANSACTION',
    rollBack: (queryRunner) => queryMysqlBeneath(queryRunner, 'ROLLBACK'),
    guardsSnapshots: async (queryRunner) => {
      await server.recognise(queryRunner);
      return server.guardsSnapshots;
    },
    renewSnapshot: async (queryRunner) => {
      await queryMysqlBeneath(queryRunner, 'COMMIT AND CHAIN');
    },
    hideTransaction,
    isInTransactionError: () => false,
    recognise: (queryRunner) => server.recognise(queryRunner),
  };
}
