import { type DataSource, type ObjectLiteral, type QueryRunner } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { bindStatement, compileStatement, type Statement } from '../../dialect/run/statement.js';
import { isAscii } from '../../dialect/types/texts.js';
import { readWithin } from './timed-read.js';

// Filters make many, and a connection that keeps them prepared keeps each of them. What is beyond that is put together
// and planned each time, as what a builder makes is anyway.
const MAX_REMEMBERED = 100;

const remembered = new WeakMap<object, Map<string, Statement>>();

/**
 * A statement that is put together once, because that takes longer than many a database takes to run it.
 *
 * @param owner what it is remembered with: the plan that it is of, or all of them
 * @param key tells it from the owner's other statements
 * @param template its SQL, with `{{name}}` for a parameter
 */
export function readStatement(
  dataSource: DataSource,
  owner: object,
  key: string,
  template: () => string,
): Statement {
  let statements = remembered.get(owner);
  if (!statements) remembered.set(owner, (statements = new Map()));
  let statement = statements.get(key);
  if (!statement) {
    const isKept = statements.size < MAX_REMEMBERED;
    statement = compileStatement(dialectOf(dataSource), template(), isKept);
    if (isKept) statements.set(key, statement);
  }
  return statement;
}

/** How statements are run. */
export interface Reading {
  /** In whose transaction; by default on a connection of the pool. */
  readonly queryRunner?: QueryRunner;
  /** After how many milliseconds the database ends one; by default never. */
  readonly timeout?: number;
}

/**
 * The rows that a statement selects.
 *
 * @param values by the names of its parameters, of which `actor` is a text of the caller's
 * @throws ReadTimeoutError
 * @throws InvalidArgumentError when the database's encoding lacks a character of the actor, which no revision has then
 */
export async function readRows(
  dataSource: DataSource,
  statement: Statement,
  values: Readonly<ObjectLiteral>,
  { queryRunner, timeout }: Reading = {},
): Promise<ObjectLiteral[]> {
  const dialect = dialectOf(dataSource);
  const { texts } = dialect;
  const runner = queryRunner ?? readingRunner(dataSource);
  const actor = values.actor as string | undefined;
  const isPlain = !texts || actor === undefined || isAscii(actor);
  const given = isPlain ? values : { ...values, actor: texts.sent(actor) };
  const bound = bindStatement(statement, given);
  try {
    return await (timeout === undefined
      ? dialect.read(runner, statement, bound)
      : readWithin(dataSource, timeout, runner, statement, bound));
  } catch (error) {
    if (isPlain || !texts.isUntranslatable(error)) throw error;
    throw new InvalidArgumentError(
      'actor',
      `"${actor}" has a character that the encoding of the database lacks, so no revision is by it.`,
    );
  } finally {
    if (runner !== queryRunner) await runner.release();
  }
}

/** A query runner for what is read only, as TypeORM's builder takes one: of a replica, if there are any. */
export function readingRunner(dataSource: DataSource): QueryRunner {
  // 0.3 has no choice.
  return dataSource.createQueryRunner(dataSource.defaultReplicationModeForReads?.() ?? 'slave');
}
