import { type DataSource, type QueryRunner } from 'typeorm';
import { type Dialect } from '../../dialect/dialect.js';
import { baseRunnerOf, hasOwnQuery, ownQueryOf } from '../../typeorm/query-runner.js';
import { type StatementWatch } from '../../typeorm/patches/query-runner.patch.js';
import { assertFields, queryRunnerFields } from '../../typeorm/fields.js';
import { assertWrapped } from '../../typeorm/wrap-member.js';
import { Line } from './line.js';
import { QueryReplacements } from './query-replacements.js';
import { Unit, type UnitStatement } from './unit.js';

/** How long a transaction command waits for writes that were called before, and don't know yet who writes. */
const PATIENCE_MS = 2_000;

/** How often a statement outside of a transaction is tried again after a deadlock. */
const MOST_RETRIES = 3;

/** Schedules the units of one data source and the application's statements between them. */
export class Units implements StatementWatch {
  private readonly lines = new WeakMap<object, Line>();
  private readonly replacements = new QueryReplacements();
  private isRunnerKnown = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly dialect: Dialect,
  ) {}

  /**
   * Makes a unit on a query runner. The caller has to begin it.
   *
   * @throws AuditConfigurationError when the query runner lacks a property that recording needs
   */
  on(queryRunner: QueryRunner): Unit {
    this.assertRunner(queryRunner);
    assertWrapped();
    return new Unit(queryRunner, this.dialect, this.replacements, () =>
      this.lineOf(queryRunner, (runner) => this.connectForUnit(runner)),
    );
  }

  /** Runs a function as one unit: in the open transaction of the connection, or in a transaction of its own. */
  run<T>(queryRunner: QueryRunner, fn: (unit: Unit) => Promise<T>): Promise<T> {
    return runIn(this.on(queryRunner), fn);
  }

  /**
   * Runs a statement of the application as one unit. By itself it would hold its locks for a moment only. So if the
   * unit has its own transaction, and a deadlock ends that, the statement is tried again.
   *
   * @param fn sends the statement, and can be called again
   * @param statement an error of the COMMIT is reported as an error of this statement
   */
  async runStatement<T>(
    queryRunner: QueryRunner,
    statement: UnitStatement,
    fn: (unit: Unit) => Promise<T>,
  ): Promise<T> {
    for (let retries = MOST_RETRIES; ; retries--) {
      const unit = this.on(queryRunner);
      try {
        return await runIn(unit, fn, statement);
      } catch (error) {
        if (retries === 0 || !unit.hasOwnTransaction || !this.dialect.locks.isDeadlock(error)) throw error;
      }
    }
  }

  /**
   * Runs a write when something is known that it needs, at once if that is no promise. Until the write has begun,
   * transaction commands and `release()` of the query runner wait, as they would for an immediate write.
   *
   * @param ask finds out what is needed, and may send statements
   */
  whenAsked<T, R>(
    queryRunner: QueryRunner | undefined,
    ask: () => R | Promise<R>,
    write: (answer: R) => Promise<T>,
  ): Promise<T> {
    const connection = this.dialect.sessions.connectionOf(queryRunner);
    if (connection) return this.lineOn(connection).announcements.whenAsked(ask, write);
    const answer = ask();
    return answer instanceof Promise ? answer.then(write) : write(answer);
  }

  /** Whether the transaction on a query runner's connection is known to be SERIALIZABLE. */
  isSerializable(queryRunner: QueryRunner): boolean {
    const connection = this.dialect.sessions.connectionOf(queryRunner);
    return connection !== undefined && this.lineOn(connection).session.isSerializable;
  }

  /** Whether a statement would run in an open transaction. */
  async isInTransaction(queryRunner: QueryRunner): Promise<boolean> {
    const line = await this.lineOf(queryRunner);
    return line.session.isInTransaction((text) => ask(queryRunner, text));
  }

  query(queryRunner: QueryRunner, text: string, run: () => Promise<unknown>): Promise<unknown> {
    const line = this.lineOf(queryRunner);
    return line instanceof Promise
      ? line.then((connected) => this.queryOn(connected, queryRunner, text, run))
      : this.queryOn(line, queryRunner, text, run);
  }

  async stream<T>(queryRunner: QueryRunner, run: () => Promise<T>): Promise<T> {
    const line = await this.lineOf(queryRunner);
    return line.isHeldByCaller ? run() : line.runStatement(false, false, run);
  }

  async release(queryRunner: QueryRunner, run: () => Promise<void>): Promise<void> {
    const connection = this.dialect.sessions.connectionOf(queryRunner);
    const line = connection && this.lines.get(connection);
    // A shared connection doesn't go back to a pool. Otherwise wait in a loop: a write that arrives while we wait has
    // to end too, or its transaction would stay open in the pool.
    if (line && !this.dialect.sessions.sharesConnection) while (!line.isWritten) await line.untilWritten();
    return run();
  }

  // Checked on the first query runner. Making one at attach just for this check would show up in counts of runners.
  private assertRunner(queryRunner: QueryRunner): void {
    if (this.isRunnerKnown) return;
    assertFields(queryRunnerFields(queryRunner));
    this.isRunnerKnown = true;
  }

  private queryOn(
    line: Line,
    queryRunner: QueryRunner,
    text: string,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    line.seen++;
    const commands = line.session.commandsIn(text);
    const noted = async (): Promise<unknown> => {
      if (line.transaction.hasFailed && commands.length > 0) {
        // The server may have ended the transaction: a deadlock, a timeout.
        if (!(await line.session.isInTransaction((asked) => ask(queryRunner, asked)))) line.transaction.end();
        for (const command of commands) line.transaction.assertRecorded(command);
      }
      try {
        const result = await run();
        if (line.session.noteResult(text, rawOf(result))) line.transaction.end();
        for (const command of commands) line.transaction.follow(command);
        if (choosesTables(text)) line.transaction.forgetChangesets();
        if (mayRead(text, commands)) line.transaction.noteRead();
        return result;
      } catch (error) {
        line.session.noteError(text);
        throw error;
      }
    };
    if (line.isHeldByCaller) return noted();
    const send = (): Promise<unknown> =>
      line.runStatement(commands.length > 0, hearsQueries(this.dataSource), noted);
    return commands.length > 0 && line.announcements.areAhead
      ? line.announcements.untilAhead(PATIENCE_MS).then(send)
      : send();
  }

  private lineOf(
    queryRunner: QueryRunner,
    connect: (queryRunner: QueryRunner) => Promise<object> = connectItself,
  ): Line | Promise<Line> {
    const connection = this.dialect.sessions.connectionOf(queryRunner);
    return connection
      ? this.lineOn(connection)
      : connect(queryRunner).then((connected) => this.lineOn(connected));
  }

  // A derived runner sends its statements through itself or through its base; only a statement shows which. `connect()`
  // on the wrong one would open a second connection.
  private async connectForUnit(queryRunner: QueryRunner): Promise<object> {
    if (baseRunnerOf(queryRunner) !== queryRunner && !hasOwnQuery(queryRunner)) {
      await queryRunner.query('SELECT 1');
      const connection = this.dialect.sessions.connectionOf(queryRunner);
      if (connection) return connection;
    }
    return connectItself(queryRunner);
  }

  private lineOn(connection: object): Line {
    let line = this.lines.get(connection);
    if (!line) this.lines.set(connection, (line = new Line(this.dialect.sessions.of(connection))));
    return line;
  }
}

function runIn<T>(unit: Unit, fn: (unit: Unit) => Promise<T>, statement?: UnitStatement): Promise<T> {
  return unit.within(async () => {
    await unit.begin();
    let result: T;
    try {
      result = await fn(unit);
    } catch (error) {
      await unit.abandon();
      throw error;
    }
    await unit.end(statement);
    return result;
  });
}

function connectItself(queryRunner: QueryRunner): Promise<object> {
  return queryRunner.connect() as Promise<object>;
}

function ask(queryRunner: QueryRunner, text: string): Promise<unknown> {
  return ownQueryOf(queryRunner).call(queryRunner, text);
}

// TypeORM returns the driver's result, alone or wrapped in an object.
function rawOf(result: unknown): unknown {
  return result !== null && typeof result === 'object' && 'records' in result && 'raw' in result
    ? result.raw
    : result;
}

const WRITES_OR_SETS = /^\s*(?:insert|update|delete|set|use|do)\b(?![\s\S]*\bselect\b)/i;
const TAKES_SNAPSHOT = /\bconsistent\s+snapshot\b/i;

// A longer text can't be such a command.
const LONGEST_CHOICE = 1_000;
const CHOOSES_TABLES = /^\s*use\s|\bsearch_path\b/i;

// From then on, the same name may mean a table of another schema, or of another database.
function choosesTables(text: string): boolean {
  return text.length < LONGEST_CHOICE && CHOOSES_TABLES.test(text);
}

function mayRead(text: string, commands: readonly unknown[]): boolean {
  return commands.length > 0 ? TAKES_SNAPSHOT.test(text) : !WRITES_OR_SETS.test(text);
}

function hearsQueries({ subscribers }: DataSource): boolean {
  return subscribers.some((subscriber) => 'beforeQuery' in subscriber || 'afterQuery' in subscriber);
}
