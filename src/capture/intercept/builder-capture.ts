import { QueryFailedError, type QueryResult, type QueryRunner } from 'typeorm';
import { AuditError, UnrecordedWriteError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Who } from '../../context/write-context.js';
import { type Key } from '../../dialect/keys/key.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { assertExecutionsChecked } from '../../typeorm/executions.patch.js';
import { typeormVersion } from '../../typeorm/version.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { type Capture, captureOf } from './capture.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { givenRows, tellsInsertedKeys } from '../rows/rows-of-insert.js';
import { viewOf } from '../../typeorm/query-runner-view.js';
import { type RecordedFlush } from './flush-capture.js';
import { ReturnedKeys } from '../rows/key-returning.js';
import { type RecordedOperation, type Write } from '../write/write.js';
import { givenFacts, ToldFacts } from '../rows/row-facts.js';
import { soleKeyOf } from '../rows/row-of-id.js';
import { type Unit } from '../unit/unit.js';
import { type Circumstances, circumstancesOf, needsPlaces } from './builder-facts.js';
import { areTraced, writtenRows } from '../rows/read-before.js';

/**
 * One query builder's write, and its revisions with it.
 *
 * TypeORM's `execute()` is left to do what it does, over a query runner that looks like its own but for `query()`: the
 * first statement that comes through it is the write, after the before-hooks have run. That statement, what has to be
 * read before it, and the revisions are one unit, which has ended when the after-hooks run.
 */
export class BuilderWrite {
  private returned: ReturnedKeys | undefined;
  private isObtained = false;
  private criteria: { readonly given: unknown; readonly where: object | undefined } | undefined;

  constructor(
    private readonly builder: object,
    private readonly kind: WriteKind,
  ) {}

  private get internals(): BuilderInternals {
    return this.builder as BuilderInternals;
  }

  /** Takes note of ids, or of an object of properties, that the builder has made its only criteria. */
  noteCriteria(given: unknown): void {
    this.criteria = { given, where: this.internals.expressionMap.wheres[0] };
  }

  /** Takes note that it has a query runner to execute with, as TypeORM asks for first. */
  noteObtained(): void {
    this.isObtained = true;
  }

  /** The builder's RETURNING list, with the keys in it while a write is being recorded. */
  returning(own: string): string {
    // The text may be asked for as a part of another query, which has to be refused when that is executed.
    const dataSource = this.returned ? undefined : dataSourceOf(this.builder);
    if (dataSource && captureOf(dataSource)) assertExecutionsChecked(dataSource);
    return this.returned ? this.returned.list(own) : own;
  }

  /** @throws AuditError where the write is to be recorded, which it can't as a part of another statement */
  refuseToBePart(): void {
    const circumstances = circumstancesOf(this.internals, this.kind);
    if (!circumstances) return;
    throw new AuditError(
      `This ${this.operation()} of ${circumstances.table.name} can't be recorded as a common table expression of another ` +
        `query. Execute it by itself, in the same transaction.`,
    );
  }

  async execute<T>(execute: () => Promise<T>): Promise<T> {
    const circumstances = circumstancesOf(this.internals, this.kind);
    if (!circumstances) return execute();
    const { flush } = circumstances;
    if (flush) return this.executeInFlush(circumstances, flush, execute);
    const { capture } = circumstances;
    const { queryRunner } = this.internals;
    if (!capture.tables.isDue(queryRunner)) return this.executeAlone(circumstances, execute);
    return capture.units.announced(queryRunner, async () => {
      await this.checkTables(capture);
      // The check may have found that a column isn't there.
      return this.executeAlone(circumstancesOf(this.internals, this.kind)!, execute);
    });
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

  private async executeAlone<T>(circumstances: Circumstances, execute: () => Promise<T>): Promise<T> {
    const { capture } = circumstances;
    const who = capture.who();
    if (!(who instanceof Promise)) return this.executeRecorded(circumstances, who, execute);
    const { queryRunner } = this.internals;
    return capture.units.announced(queryRunner, async () =>
      this.executeRecorded(circumstances, await who, execute),
    );
  }

  private async executeInFlush<T>(
    circumstances: Circumstances,
    flush: RecordedFlush,
    execute: () => Promise<T>,
  ): Promise<T> {
    const { plan, isFollowed } = circumstances;
    this.noteShifts(circumstances, flush);
    if (!plan && !isFollowed) {
      const { table } = circumstances;
      const given = givenFacts(table, this.internals.expressionMap);
      const result = await execute();
      flush.noteResult(this.kind, table, given, (result as { raw?: unknown }).raw);
      flush.hasWritten = true;
      return result;
    }
    const given = this.internals.queryRunner!;
    const write = this.writeOf(circumstances, flush.queryRunner);
    try {
      return await this.executeOver(given, execute, async (text, parameters) => {
        await flush.unit.begin();
        const { result, writesAfter } = await flush.unit.watched(() => write(text, parameters));
        flush.addUnnamed(...(await writesAfter()));
        return result;
      });
    } finally {
      flush.hasWritten = true;
    }
  }

  // For a nested set the persistence layer shifts the bounds of other rows before, with statements of which only the
  // database knows. They stay shifted if this one fails.
  private noteShifts({ capture, table }: Circumstances, flush: RecordedFlush): void {
    const plan = table.treeType === 'nested-set' && capture.plans.find(table);
    if (!plan) return;
    flush.hasWritten = true;
    flush.addUnnamed({ plan, operation: 'update', keys: 'all' });
  }

  private async executeRecorded<T>(
    circumstances: Circumstances,
    who: Who,
    execute: () => Promise<T>,
  ): Promise<T> {
    const { capture } = circumstances;
    const given = this.internals.queryRunner;
    const queryRunner = given ?? this.internals.obtainQueryRunner();
    const write = this.writeOf(circumstances, queryRunner);
    const record = async (unit: Unit, text: string, parameters: unknown[]): Promise<QueryResult> => {
      const { result, writesAfter } = await unit.watched(() => write(text, parameters, unit));
      try {
        await capture.recorder.record(unit, await writesAfter(), () => capture.contextOf(who));
      } catch (error) {
        unit.fail(error);
        throw error;
      }
      if (unit.hasOwnTransaction) capture.dialect.sessions.hideTransaction?.(result.raw);
      return result;
    };
    try {
      return await this.executeOver(queryRunner, execute, (text, parameters) =>
        queryRunner.isReleased
          ? queryRunner.query(text, parameters, true)
          : capture.units.run(queryRunner, (unit) => record(unit, text, parameters), {
              text: this.returned?.shown(text) ?? text,
              parameters,
            }),
      );
    } finally {
      if (!given) await queryRunner.release();
    }
  }

  /** Executes over a query runner whose first statement is the write. */
  private async executeOver<T>(
    queryRunner: QueryRunner,
    execute: () => Promise<T>,
    write: (text: string, parameters: unknown[]) => Promise<QueryResult>,
  ): Promise<T> {
    const given = this.internals.queryRunner;
    let isWritten = false;
    const query = (
      text: string,
      parameters: unknown[],
      ...rest: [structured?: boolean]
    ): Promise<unknown> => {
      if (isWritten) return queryRunner.query(text, parameters, ...(rest as [true]));
      if (!this.isObtained)
        throw this.unseen('without asking obtainQueryRunner() for one to execute it with');
      isWritten = true;
      return write(text, parameters);
    };
    this.internals.queryRunner = viewOf(queryRunner, { query });
    this.isObtained = false;
    try {
      const result = await execute();
      // One that has nothing to insert obtains no query runner either.
      if (this.isObtained && !isWritten) throw this.unseen('by another method than query()');
      return result;
    } finally {
      this.internals.queryRunner = given;
      this.returned = undefined;
    }
  }

  /** Runs the statement between what has to be read before and after it. */
  private writeOf(circumstances: Circumstances, queryRunner: QueryRunner) {
    const { capture, table, plan, isFollowed, builder } = circumstances;
    const { kind } = this;
    const isTraced = areTraced(kind, isFollowed, table, builder.expressionMap);
    const soleKey = plan && !isTraced ? this.soleKey(capture, plan) : undefined;
    const hasPlaces = needsPlaces(capture, queryRunner, kind);
    const returned = this.returnedKeys(circumstances, isTraced, soleKey, hasPlaces);
    this.returned = returned;
    const operation = this.operation();
    const statement = {
      reader: capture,
      builder,
      queryRunner,
      table,
      plan,
      kind,
      operation,
      isTraced,
      soleKey,
    };
    const run = async (statement: string, parameters: unknown[]): Promise<QueryResult> => {
      try {
        return await queryRunner.query(statement, parameters, true);
      } catch (error) {
        if (error instanceof QueryFailedError) returned?.hideFrom(error);
        throw error;
      }
    };
    return async (text: string, parameters: unknown[], unit?: Unit) => {
      const isReturned = returned?.isAsked ?? false;
      const rowsAfter = await writtenRows({ ...statement, isReturned, unit });
      const result = await run(returned?.statement(text) ?? text, parameters);
      const told = new ToldFacts();
      told.add(kind, givenFacts(table, builder.expressionMap), result.raw);
      const writesAfter = async (): Promise<Write[]> => {
        const rows = isReturned ? await returned!.take(queryRunner, result) : undefined;
        const writes = await rowsAfter(result, rows?.keys);
        const isOwn = (write: Write): boolean => write.plan === plan && write.operation === operation;
        return writes.map((write) =>
          isOwn(write) ? { ...write, ...told.of(kind), places: rows?.places } : write,
        );
      };
      return { result, writesAfter };
    };
  }

  private soleKey(capture: Capture, plan: AuditPlan): Key | undefined {
    const { mainAlias, wheres } = this.internals.expressionMap;
    // The plan's properties may not be those of the criteria.
    if (!mainAlias?.hasMetadata || plan.others.includes(mainAlias.metadata)) return undefined;
    // Others may have come since.
    if (!this.criteria?.where || wheres.length > 1 || wheres[0] !== this.criteria.where) return undefined;
    return soleKeyOf(capture, plan, this.kind, this.criteria.given);
  }

  private returnedKeys(
    { capture, table, plan, isFollowed, builder }: Circumstances,
    isTraced: boolean,
    soleKey: Key | undefined,
    hasPlaces: boolean,
  ): ReturnedKeys | undefined {
    const form = capture.dialect.keys.returning(this.kind);
    // The rows that deleted ones take along have to be found before.
    if (!plan || form === 'none' || (isFollowed && this.kind === 'delete')) return undefined;
    // A clause of TypeORM's own costs nothing.
    if (soleKey && form === 'appended') return undefined;
    // What has common table expressions of its own can't become one.
    const isPlain = !isTraced && !soleKey && this.internals.createCteExpression() === '';
    return new ReturnedKeys(
      capture,
      table,
      this.kind,
      form,
      () => !tellsInsertedKeys(table, builder.expressionMap),
      isPlain ? capture.keys.packer(table) : undefined,
      hasPlaces,
      () => givenRows(builder.expressionMap)?.length,
    );
  }

  private unseen(how: string): UnrecordedWriteError {
    return new UnrecordedWriteError(
      new AuditError(
        `TypeORM ${typeormVersion()} sends the statement of a query builder ${how}. Use a version of TypeORM that ` +
          `nestjs-typeorm-audit lists among its peer dependencies.`,
      ),
    );
  }

  private operation(): RecordedOperation {
    const { queryType, onUpdate } = this.internals.expressionMap;
    if (this.kind === 'insert') return onUpdate ? 'upsert' : 'insert';
    return queryType as 'update' | 'delete' | 'soft-delete' | 'restore';
  }
}
