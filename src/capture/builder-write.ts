import { type QueryRunner } from 'typeorm';
import { TransactionRequiredError } from '../audit.errors.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type Key, type WriteKind } from '../dialect/dialect.js';
import { type BuilderInternals } from './builder-internals.js';
import { type Capture } from './capture.js';
import { tellsInsertedKeys } from './inserted-keys.js';
import { type RecordedFlush } from './recorded-flush.js';
import { ReturnedKeys } from './returned-keys.js';
import { type RecordedOperation } from './recordable.js';
import { soleKeyOf } from './sole-key.js';
import { viewOf } from './view-of.js';
import { type Circumstances, circumstancesOf } from './write-circumstances.js';
import { areTraced, writtenRows } from './written-rows.js';

/**
 * One query builder's write, and its revisions with it.
 *
 * TypeORM's `execute()` is left to do what it does, over a query runner that looks like the given one but for its
 * `query()`: the first statement that comes through it is the write, after the before-events have run. Around it
 * the keys of its rows are learned, from RETURNING where the database has it, else by a locking read before it.
 */
export class BuilderWrite {
  private returned: ReturnedKeys | undefined;
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

  async execute<T>(execute: () => Promise<T>): Promise<T> {
    const circumstances = circumstancesOf(this.internals, this.kind);
    if (!circumstances) return execute();
    const { flush, plan, isFollowed } = circumstances;
    if (flush) this.noteShifts(circumstances, flush);
    const result = await (plan || isFollowed ? this.executeObserved(circumstances, execute) : execute());
    if (flush) flush.hasWritten = true;
    return result;
  }

  /** The builder's RETURNING list, with the keys in it while a write is being recorded. */
  returning(own: string): string {
    return this.returned ? this.returned.list(own) : own;
  }

  // For a nested set the persistence layer shifts the bounds of other rows before, with statements of which only the
  // database knows. They stay shifted if this one fails.
  private noteShifts({ capture, table }: Circumstances, flush: RecordedFlush): void {
    const plan = table.treeType === 'nested-set' && capture.plans.find(table);
    if (!plan) return;
    flush.hasWritten = true;
    flush.addUnnamed({ plan, operation: 'update', keys: 'all' });
  }

  private async executeObserved<T>(circumstances: Circumstances, execute: () => Promise<T>): Promise<T> {
    const { capture, table, flush } = circumstances;
    const given = this.internals.queryRunner;
    const queryRunner = flush?.queryRunner ?? given ?? capture.dataSource.createQueryRunner();
    try {
      if (flush && !queryRunner.isTransactionActive) throw new TransactionRequiredError(table.name);
      return await capture.gate.run(queryRunner, async () => {
        this.internals.queryRunner = this.observed(circumstances, queryRunner);
        return await execute();
      });
    } finally {
      this.internals.queryRunner = given;
      this.returned = undefined;
      if (!given) await queryRunner.release();
    }
  }

  private observed(circumstances: Circumstances, queryRunner: QueryRunner): QueryRunner {
    const { capture, table, plan, isFollowed, pending, flush } = circumstances;
    const { kind, internals: builder } = this;
    const isTraced = areTraced(kind, isFollowed, table, builder.expressionMap);
    const soleKey = plan && !isTraced ? this.soleKey(capture, plan) : undefined;
    const returned = this.returnedKeys(circumstances, isTraced, soleKey);
    this.returned = returned;
    const operation = this.operation();
    const statement = { capture, builder, queryRunner, table, plan, kind, operation, isTraced, soleKey };
    const buffer = capture.bufferOf(queryRunner);
    let isWritten = false;
    const query = async (text: string, parameters: unknown[], structured: boolean): Promise<unknown> => {
      if (isWritten)
        return structured ? queryRunner.query(text, parameters, true) : queryRunner.query(text, parameters);
      isWritten = true;
      if (buffer.open.size > 0) await buffer.recordOpen();
      const isReturned = returned?.isAsked ?? false;
      const rowsAfter = await writtenRows({ ...statement, isReturned });
      const result = await queryRunner.query(returned?.statement(text) ?? text, parameters, true);
      try {
        const keys = isReturned ? await returned!.take(queryRunner, result) : undefined;
        const writes = await rowsAfter(result, keys);
        if (flush) flush.addUnnamed(...writes);
        else await buffer.record(writes, pending!);
      } catch (error) {
        buffer.fail(error);
        throw error;
      }
      return result;
    };
    return viewOf(queryRunner, { query } as Partial<QueryRunner>);
  }

  // There may have come others since.
  private soleKey(capture: Capture, plan: AuditPlan): Key | undefined {
    const { wheres } = this.internals.expressionMap;
    if (!this.criteria?.where || wheres.length > 1 || wheres[0] !== this.criteria.where) return undefined;
    return soleKeyOf(capture, plan, this.kind, this.criteria.given);
  }

  private returnedKeys(
    { capture, table, plan, isFollowed }: Circumstances,
    isTraced: boolean,
    soleKey: Key | undefined,
  ): ReturnedKeys | undefined {
    const form = capture.dialect.returning(this.kind);
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
      () => !tellsInsertedKeys(table, this.internals.expressionMap),
      isPlain ? capture.keys.packer(table) : undefined,
    );
  }

  private operation(): RecordedOperation {
    const { queryType, onUpdate } = this.internals.expressionMap;
    if (this.kind === 'insert') return onUpdate ? 'upsert' : 'insert';
    return queryType as 'update' | 'delete' | 'soft-delete' | 'restore';
  }
}
