import { type DataSource } from 'typeorm';
import { oncePerConnection } from './session.js';
import { type Sessions } from './sessions.js';
import { sqliteConnectionOf } from './sqlite.connection.js';
import { sqliteSession } from './sqlite.session.js';

export function sqliteSessions(dataSource: DataSource): Sessions {
  return {
    sharesConnection: true,
    connectionOf: () => sqliteConnectionOf(dataSource) as object | undefined,
    of: oncePerConnection(sqliteSession),
    // A plain BEGIN takes the write lock later, and fails then if another connection has written since the first read.
    begin: 'BEGIN IMMEDIATE',
    rollBack: async () =>
      (sqliteConnectionOf(dataSource) as { exec(text: string): unknown }).exec('ROLLBACK'),
    isInTransactionError: (error) => /within a transaction/.test(String(error)),
  };
}
