import { type EntityMetadata, type QueryRunner } from 'typeorm';
import {
  RevisionDeleteForbiddenError,
  RevisionUpdateForbiddenError,
  TransactionRequiredError,
} from '../audit.errors.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { type PendingContext } from '../context/write-context.js';
import { type Key, type WriteKind } from '../dialect/dialect.js';
import { assertOfThePresent } from '../revision/historic-entities.js';
import { type BuilderInternals } from './builder-internals.js';
import { type Capture, captureOf, tableOf } from './capture.js';
import { dataSourceOf } from './data-source-of.js';
import { tellsInsertedKeys } from './inserted-keys.js';
import { flushOf, type RecordedFlush } from './recorded-flush.js';
import { ReturnedKeys } from './returned-keys.js';
import { type RecordedOperation } from './recordable.js';
import { soleKeyOf } from './sole-key.js';
import { viewOf } from './view-of.js';
import { areRowsTraced, followsWrite, writtenRows } from './written-rows.js';

/** What is known when a builder's write begins. */
interface Circumstances {
  readonly capture: Capture;
  /** The table, in its root's metadata where it is a single-table inheritance. */
  readonly table: EntityMetadata;
  /** Under which it is recorded; undefined in a flush, which has its own. */
  readonly pending: PendingContext | undefined;
  /** The plan by which its rows are recorded here; undefined where events will name them, or it isn't audited. */
  readonly plan: AuditPlan | undefined;
  /** Whether the database will change audited rows of other tables with it. */
  readonly isFollowed: boolean;
  /** The flush of the persistence layer that it is part of. */
  readonly flush: RecordedFlush | undefined;
}

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
    const circumstances = this.circumstances();
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

  private circumstances(): Circumstances | undefined {
    const { expressionMap } = this.internals;
    const capture = captureOf(dataSourceOf(this.builder));
    if (!capture || !expressionMap.mainAlias?.hasMetadata) return undefined;
    const { metadata } = expressionMap.mainAlias;
    if (capture.plans.isRevision(metadata)) this.assertAppends(metadata);
    const movesTree = this.movesTree(metadata);
    const flush =
      expressionMap.callListeners === false || movesTree ? flushOf(this.internals.queryRunner) : undefined;
    if (!flush) this.assertValuesOfThePresent(capture, metadata);
    if (flush?.isTold === false) return undefined;
    const table = tableOf(metadata);
    const plan = capture.plans.find(metadata);
    const isFollowed = followsWrite(capture, this.kind, table, expressionMap);
    if (!plan && !isFollowed) return undefined;
    const pending = flush ? undefined : capture.pending();
    if (!flush && !pending) return undefined;
    const isNamed = flush && !movesTree && !this.isAnonymous();
    return { capture, table, pending, plan: isNamed ? undefined : plan, isFollowed, flush };
  }

  private assertValuesOfThePresent({ dataSource }: Capture, { name }: EntityMetadata): void {
    const { valuesSet } = this.internals.expressionMap;
    for (const values of Array.isArray(valuesSet) ? valuesSet : [valuesSet])
      assertOfThePresent(dataSource, name, values as object | undefined);
  }

  private assertAppends({ name }: EntityMetadata): void {
    if (this.kind === 'delete') throw new RevisionDeleteForbiddenError(name);
    if (this.kind === 'update' || this.internals.expressionMap.onUpdate)
      throw new RevisionUpdateForbiddenError(name);
  }

  // Of these the persistence layer's events don't name the row: a child that is dropped from a one-to-many, and an
  // insert whose generated key nobody asks for.
  private isAnonymous(): boolean {
    const { updateEntity, whereEntities } = this.internals.expressionMap;
    return this.kind === 'insert' ? !updateEntity : this.kind === 'update' && whereEntities.length === 0;
  }

  // The persistence layer writes materialized paths too, by builders that have listeners.
  private movesTree({ materializedPathColumn, treeType }: EntityMetadata): boolean {
    if (this.kind !== 'update' || treeType !== 'materialized-path') return false;
    const names = Object.keys((this.internals.expressionMap.valuesSet as object | undefined) ?? {});
    return names.length === 1 && names[0] === materializedPathColumn?.propertyPath;
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
    const { capture, table, plan, pending, flush } = circumstances;
    const builder = this.internals;
    const isTraced = areRowsTraced(capture, this.kind, table, builder.expressionMap);
    const soleKey = plan && !isTraced ? this.soleKey(capture, plan) : undefined;
    const returned = this.returnedKeys(circumstances, isTraced, soleKey);
    this.returned = returned;
    const buffer = capture.bufferOf(queryRunner);
    let isWritten = false;
    const query = async (text: string, parameters: unknown[], structured: boolean): Promise<unknown> => {
      if (isWritten)
        return structured ? queryRunner.query(text, parameters, true) : queryRunner.query(text, parameters);
      isWritten = true;
      if (buffer.open.size > 0) await buffer.recordOpen();
      const operation = this.operation();
      const isReturned = returned?.isAsked ?? false;
      const statement = { capture, builder, queryRunner, table, plan, operation, isReturned, soleKey };
      const rowsAfter = await writtenRows[this.kind](statement);
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
    const isOne = soleKey !== undefined || this.internals.createCteExpression() !== '';
    return new ReturnedKeys(
      capture,
      table,
      this.kind,
      form,
      () => !tellsInsertedKeys(table, this.internals.expressionMap),
      isTraced || isOne ? undefined : capture.keys.packer(table),
    );
  }

  private operation(): RecordedOperation {
    const { queryType, onUpdate } = this.internals.expressionMap;
    if (this.kind === 'insert') return onUpdate ? 'upsert' : 'insert';
    return queryType as 'update' | 'delete' | 'soft-delete' | 'restore';
  }
}
