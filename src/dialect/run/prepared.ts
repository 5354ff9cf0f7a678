import { type DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import { type AuditOptions } from '../../audit.options.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { type Executed } from './executed.js';
import { type Statement } from './statement.js';

type Choice = NonNullable<AuditOptions['preparedStatements']>;

// On the driver, which a data source and the data sources derived from it share.
const choices = new StateSlot<Choice>('prepared-statements');

/** Says whether the data source's connections keep prepared statements. */
export function usePreparedStatements({ driver }: DataSource, choice: Choice | undefined): void {
  choices.set(driver, choice);
}

/** The choice of `usePreparedStatements()`. Default: `'auto'` */
export function preparedStatementsOf({ driver }: DataSource): Choice {
  return choices.of(driver) ?? 'auto';
}

/**
 * Runs a prepared statement on the driver's own connection, because TypeORM's query() can't prepare. For these
 * statements planning costs more than execution. The data source's logger logs it like any other statement.
 *
 * @param run runs the statement
 */
export async function runPrepared<T extends Executed>(
  { logger, options }: DataSource,
  queryRunner: QueryRunner,
  { text }: Statement,
  values: unknown[],
  run: () => T | Promise<T>,
): Promise<T> {
  logger.logQuery(text, values, queryRunner);
  const start = Date.now();
  try {
    const running = run();
    const executed = running instanceof Promise ? await running : running;
    const ms = Date.now() - start;
    if (options.maxQueryExecutionTime && ms > options.maxQueryExecutionTime)
      logger.logQuerySlow(ms, text, values, queryRunner);
    return executed;
  } catch (error) {
    logger.logQueryError(error as Error, text, values, queryRunner);
    throw new QueryFailedError(text, values, error as Error);
  }
}

/** Runs a select through TypeORM. */
export async function readPlain(
  queryRunner: QueryRunner,
  statement: Statement,
  values: unknown[],
): Promise<Executed['rows']> {
  return (await runPlain(queryRunner, statement, values)).rows;
}

/** Runs a statement through TypeORM. */
export async function runPlain(
  queryRunner: QueryRunner,
  { text }: Statement,
  values: unknown[],
): Promise<Executed> {
  const { records, affected } = await queryRunner.query(text, values, true);
  return { rows: records as Executed['rows'], affected: affected ?? 0 };
}
