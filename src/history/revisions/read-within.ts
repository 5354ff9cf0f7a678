import { type DataSource, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { AuditConfigurationError, ReadTimeoutError } from '../../audit.errors.js';
import { recorderOf } from '../../audited/recorder.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type Statement } from '../../dialect/run/statement.js';

/** @throws AuditConfigurationError where the database can't cancel a read */
export function assertTimeouts(dataSource: DataSource, option: string): void {
  if (dialectOf(dataSource).run.timeLimit) return;
  throw new AuditConfigurationError(
    `${option} is given, but this database runs its statements in the process of the application and can't stop one. ` +
      `Leave ${option} out, or use a database server.`,
  );
}

/**
 * The rows that a statement selects within the timeout.
 *
 * @throws ReadTimeoutError
 */
export async function readWithin(
  dataSource: DataSource,
  ms: number,
  queryRunner: QueryRunner,
  statement: Statement,
  values: unknown[],
): Promise<ObjectLiteral[]> {
  const limit = dialectOf(dataSource).run.timeLimit!;
  const read = (): Promise<ObjectLiteral[]> => limit.read(queryRunner, statement, values, ms);
  try {
    return await (limit.needsTransaction ? recorderOf(dataSource)!.unit(queryRunner, read) : read());
  } catch (error) {
    throw limit.isExceeded(error) ? new ReadTimeoutError(ms, { cause: error }) : error;
  }
}
