import { type QueryResult, type QueryRunner } from 'typeorm';
import { AuditError, UnrecordedWriteError } from '../../audit.errors.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { viewOf } from '../../typeorm/query-runner-view.js';
import { typeormVersion } from '../../typeorm/version.js';

/** Sends the write of a builder. */
export type Send = (text: string, parameters: unknown[]) => Promise<QueryResult>;

/**
 * Finds the write among the statements of a query builder's `execute()`: it is the first, after the before-hooks have
 * run.
 */
export class FirstStatement {
  private hasQueryRunner = false;

  constructor(private readonly builder: object) {}

  /** Notes that the builder has asked for a query runner to execute with, as TypeORM does first. */
  noteQueryRunner(): void {
    this.hasQueryRunner = true;
  }

  /** Executes with a query runner whose first statement is sent by `write`. */
  async executeWith<T>(queryRunner: QueryRunner, execute: () => Promise<T>, write: Send): Promise<T> {
    const internals = this.builder as BuilderInternals;
    const given = internals.queryRunner;
    let isWritten = false;
    const query = (
      text: string,
      parameters: unknown[],
      ...rest: [structured?: boolean]
    ): Promise<unknown> => {
      if (isWritten) return queryRunner.query(text, parameters, ...(rest as [true]));
      if (!this.hasQueryRunner)
        throw this.unseen('without asking obtainQueryRunner() for one to execute it with');
      isWritten = true;
      return write(text, parameters);
    };
    internals.queryRunner = viewOf(queryRunner, { query });
    this.hasQueryRunner = false;
    try {
      const result = await execute();
      // A builder that has nothing to insert asks for no query runner either.
      if (this.hasQueryRunner && !isWritten) throw this.unseen('by another method than query()');
      return result;
    } finally {
      internals.queryRunner = given;
    }
  }

  private unseen(how: string): UnrecordedWriteError {
    return new UnrecordedWriteError(
      new AuditError(
        `TypeORM ${typeormVersion()} sends the statement of a query builder ${how}. Use a version of TypeORM that ` +
          `nestjs-typeorm-audit lists among its peer dependencies.`,
      ),
    );
  }
}
