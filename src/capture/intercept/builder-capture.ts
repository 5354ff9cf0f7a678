import { type QueryRunner } from 'typeorm';
import { AuditError } from '../../audit.errors.js';
import { type Who } from '../../context/write-context.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { assertExecutionsChecked } from '../../typeorm/patches/executions.patch.js';
import { type KeyReturning } from '../rows/key-returning.js';
import { factsOfValues } from '../rows/row-facts.js';
import { type BuilderFacts, factsOf, type Criteria } from './builder-facts.js';
import { BuilderStatement } from './builder-statement.js';
import { type Capture, captureOf } from './capture.js';
import { FirstStatement, type Send } from './first-statement.js';
import { type FlushCapture } from './flush-capture.js';
import { executeSkipped, skippedBuilder } from './skipped-writes.js';

/**
 * The capture of one query builder's write.
 *
 * TypeORM's `execute()` is left to do what it does, with a query runner that looks like its own but for `query()`: the
 * first statement that comes there is the write, after the before-hooks have run. That statement, what has to be read
 * before it, and the revisions are one unit, which has ended when the after-hooks run.
 */
export class BuilderCapture {
  private keyReturning: KeyReturning | undefined;
  private readonly first: FirstStatement;
  private criteria: Criteria | undefined;

  constructor(
    private readonly builder: object,
    private readonly kind: WriteKind,
  ) {
    this.first = new FirstStatement(builder);
  }

  private get internals(): BuilderInternals {
    return this.builder as BuilderInternals;
  }

  /** Notes ids, or an object of properties, that the builder has made its only criteria. */
  noteCriteria(given: unknown): void {
    this.criteria = { given, where: this.internals.expressionMap.wheres[0] };
  }

  /** Notes that the builder has asked for a query runner to execute with, as TypeORM does first. */
  noteQueryRunner(): void {
    this.first.noteQueryRunner();
  }

  /** The builder's RETURNING list, with the keys in it while a write is being recorded. */
  returning(own: string): string {
    // The text may be asked for as a part of another query, which is refused when that is executed.
    const dataSource = this.keyReturning ? undefined : dataSourceOf(this.builder);
    if (dataSource && captureOf(dataSource)) assertExecutionsChecked(dataSource);
    return this.keyReturning ? this.keyReturning.list(own) : own;
  }

  /** @throws AuditError where the write is to be recorded, which it can't as a part of another statement */
  refuseToBePart(): void {
    const facts = factsOf(this.internals, this.kind);
    if (!facts) return;
    throw new AuditError(
      `This ${facts.operation} of ${facts.table.name} can't be recorded as a common table ` +
        `expression of another query. Execute it by itself, in the same transaction.`,
    );
  }

  async execute<T>(execute: () => Promise<T>): Promise<T> {
    const facts = this.facts();
    if (!facts) return this.executeUnrecorded(execute);
    const { capture, flush } = facts;
    if (flush) return this.executeInFlush(facts, flush, execute);
    const { queryRunner } = this.internals;
    const mayChange = capture.tables.isDue(queryRunner);
    return capture.whenReady(
      queryRunner,
      () => this.checkTables(capture),
      // The check may have found that a column isn't there.
      (who) => this.executeAlone(mayChange ? this.facts()! : facts, who, execute),
    );
  }

  private async executeUnrecorded<T>(execute: () => Promise<T>): Promise<T> {
    const skipped = skippedBuilder(this.internals, this.kind);
    if (!skipped) return execute();
    if (!skipped.flush) return executeSkipped(skipped, this.internals, this.first, execute);
    await skipped.flush.trace();
    return execute();
  }

  private facts(): BuilderFacts | undefined {
    return factsOf(this.internals, this.kind, this.criteria);
  }

  private async checkTables({ tables }: Capture): Promise<void> {
    const { queryRunner: given } = this.internals;
    const queryRunner = given ?? this.internals.obtainQueryRunner();
    try {
      await tables.beforeWrite(queryRunner);
    } finally {
      if (!given) await queryRunner.release();
    }
  }

  private async executeInFlush<T>(
    facts: BuilderFacts,
    flush: FlushCapture,
    execute: () => Promise<T>,
  ): Promise<T> {
    const { capture, kind, table, recordedBy, cascades } = facts;
    // For a nested set TypeORM has shifted the bounds of other rows before, with statements of which only the database
    // knows the rows. They stay shifted if this one fails.
    const shifted = table.treeType === 'nested-set' ? capture.plans.find(table) : undefined;
    if (shifted) {
      flush.hasWritten = true;
      flush.add({ plan: shifted, operation: 'update', keys: 'all' });
    }
    const before = flush.beforeStatement(kind);
    if (before) await before;
    if (recordedBy !== 'builder' && !cascades) {
      const given = factsOfValues(table, this.internals.expressionMap);
      const result = await execute();
      flush.noteResult(kind, table, given, (result as { raw?: unknown }).raw);
      flush.hasWritten = true;
      return result;
    }
    const statement = this.statementOf(facts, flush.queryRunner);
    try {
      return await this.executeWith(this.internals.queryRunner!, execute, async (text, parameters) => {
        await flush.unit.begin();
        return statement.run(flush.unit, text, parameters, async (writes) => flush.add(...writes));
      });
    } finally {
      flush.hasWritten = true;
    }
  }

  private async executeAlone<T>(facts: BuilderFacts, who: Who, execute: () => Promise<T>): Promise<T> {
    const { units, recorder, dialect } = facts.capture;
    const given = this.internals.queryRunner;
    const queryRunner = given ?? this.internals.obtainQueryRunner();
    const statement = this.statementOf(facts, queryRunner);
    const send: Send = (text, parameters) => {
      const shown = { text: this.keyReturning?.withoutKeys(text) ?? text, parameters };
      return units.runStatement(queryRunner, shown, async (unit) => {
        const result = await statement.run(unit, text, parameters, (writes) =>
          recorder.record(unit, writes, () => facts.capture.contextOf(who)),
        );
        if (unit.hasOwnTransaction) dialect.sessions.hideTransaction?.(result.raw);
        return result;
      });
    };
    try {
      return await this.executeWith(queryRunner, execute, (text, parameters) =>
        queryRunner.isReleased ? queryRunner.query(text, parameters, true) : send(text, parameters),
      );
    } finally {
      if (!given) await queryRunner.release();
    }
  }

  private statementOf(facts: BuilderFacts, queryRunner: QueryRunner): BuilderStatement {
    const statement = new BuilderStatement(facts, queryRunner);
    this.keyReturning = statement.keyReturning;
    return statement;
  }

  private async executeWith<T>(queryRunner: QueryRunner, execute: () => Promise<T>, write: Send): Promise<T> {
    try {
      return await this.first.executeWith(queryRunner, execute, write);
    } finally {
      this.keyReturning = undefined;
    }
  }
}
