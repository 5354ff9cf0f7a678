import { type DataSource, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { bindStatement, type Statement } from '../../dialect/run/statement.js';
import { isAscii } from '../../dialect/types/texts.js';
import { readWithin } from './read-within.js';
import { type RevisionTables } from './revision-tables.js';

/** The connection and the timeout of reads. */
export interface ReadingOptions {
  /**
   * Reads in the transaction of this query runner.
   * @default a connection of the pool, to a replica if there is one
   */
  readonly queryRunner?: QueryRunner;
  /**
   * The number of milliseconds after which the database cancels a statement.
   * @default never
   */
  readonly timeout?: number;
}

/** How one call reads revisions. */
export interface Reading extends ReadingOptions {
  /** The caller's data source, which may be derived from the owner of the tables. */
  readonly dataSource: DataSource;
  readonly tables: RevisionTables;
}

/** The parameters that are text from the caller, and the option that each comes from. */
const TEXTS: Readonly<Record<string, string>> = {
  actor: 'actor',
  notActor: 'not',
  action: 'action',
  request: 'request',
  reason: 'reason',
};

/**
 * The rows that a statement selects.
 *
 * @param values by parameter name
 * @throws ReadTimeoutError
 * @throws InvalidArgumentError when the database's encoding lacks a character of a text, so that no revision has it
 */
export async function readRows(
  { dataSource, queryRunner, timeout }: Reading,
  statement: Statement,
  values: Readonly<ObjectLiteral>,
): Promise<ObjectLiteral[]> {
  const { types, run } = dialectOf(dataSource);
  const { texts } = types;
  const special = texts
    ? Object.keys(TEXTS).filter((name) => typeof values[name] === 'string' && !isAscii(values[name]))
    : [];
  const encoded = special.map((name) => [name, texts!.parameter(values[name])] as const);
  const bound = bindStatement(statement, { ...values, ...Object.fromEntries(encoded) });
  const runner = queryRunner ?? readingRunner(dataSource);
  try {
    return await (timeout === undefined
      ? run.read(runner, statement, bound)
      : readWithin(dataSource, timeout, runner, statement, bound));
  } catch (error) {
    if (special.length === 0 || !texts!.isUntranslatable(error)) throw error;
    throw new InvalidArgumentError(
      TEXTS[special[0]],
      `must be text in the encoding of the database, got "${String(values[special[0]])}". No revision can have it.`,
    );
  } finally {
    if (runner !== queryRunner) await runner.release();
  }
}

/** Runs a function on the query runner of a reading. */
export async function onRunner<T>(
  { dataSource, queryRunner }: Reading,
  fn: (queryRunner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = queryRunner ?? readingRunner(dataSource);
  try {
    return await fn(runner);
  } finally {
    if (runner !== queryRunner) await runner.release();
  }
}

/** A query runner for reads, to a replica if there is one, as TypeORM's SELECT takes it. */
export function readingRunner(dataSource: DataSource): QueryRunner {
  // TypeORM 0.3 has no option for it.
  return dataSource.createQueryRunner(dataSource.defaultReplicationModeForReads?.() ?? 'slave');
}
