import { type DataSource, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { bindStatement, type Statement } from '../../dialect/run/statement.js';
import { isAscii } from '../../dialect/types/texts.js';
import { readWithin } from './read-within.js';
import { type RevisionTables } from './revision-tables.js';

/** On which connection revisions are read, and for how long. */
export interface ReadingOptions {
  /**
   * Reads in the transaction of this query runner.
   * @default a connection of the pool, of a replica where there is one
   */
  readonly queryRunner?: QueryRunner;
  /**
   * After how many milliseconds the database ends a statement.
   * @default never
   */
  readonly timeout?: number;
}

/** How one call reads revisions. */
export interface Reading extends ReadingOptions {
  /** The caller's. It may be derived from the one whose tables these are. */
  readonly dataSource: DataSource;
  readonly tables: RevisionTables;
}

/**
 * The rows that a statement selects.
 *
 * @param values by the names of its parameters; `actor` is a text of the caller's
 * @throws ReadTimeoutError
 * @throws InvalidArgumentError when the database's encoding lacks a character of the actor: no revision has it then
 */
export async function readRows(
  { dataSource, queryRunner, timeout }: Reading,
  statement: Statement,
  values: Readonly<ObjectLiteral>,
): Promise<ObjectLiteral[]> {
  const { types, run } = dialectOf(dataSource);
  const { texts } = types;
  const actor = values.actor as string | undefined;
  const isPlain = !texts || actor === undefined || isAscii(actor);
  const bound = bindStatement(statement, isPlain ? values : { ...values, actor: texts.sent(actor) });
  const runner = queryRunner ?? readingRunner(dataSource);
  try {
    return await (timeout === undefined
      ? run.read(runner, statement, bound)
      : readWithin(dataSource, timeout, runner, statement, bound));
  } catch (error) {
    if (isPlain || !texts.isUntranslatable(error)) throw error;
    throw new InvalidArgumentError(
      'actor',
      `must be text in the encoding of the database, got "${actor}". No revision can have it.`,
    );
  } finally {
    if (runner !== queryRunner) await runner.release();
  }
}

/** A query runner for reads only, as TypeORM's select takes one: of a replica, where there is one. */
export function readingRunner(dataSource: DataSource): QueryRunner {
  // TypeORM 0.3 has no option for it.
  return dataSource.createQueryRunner(dataSource.defaultReplicationModeForReads?.() ?? 'slave');
}
