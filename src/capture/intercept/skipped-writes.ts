import { type EntityMetadata, type QueryResult, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { type Flush } from '../../typeorm/patches/writes.patch.js';
import { columnsToChange } from '../rows/rows-of-criteria.js';
import { rowsOfValues } from '../rows/rows-of-insert.js';
import { type Reached } from '../rows/acting-foreign-keys.js';
import { type SkippedFlush } from '../skips/skipped-flush.js';
import { type SkipCause, type SkippedWrite, type Trace } from '../skips/skips.js';
import { tableOf } from '../tables/table-at-path.js';
import { type WriteOperation } from '../write/write.js';
import { type BuilderTarget, operationOf, targetOf } from './builder-facts.js';
import { type Capture, captureOf } from './capture.js';
import { flushOf, flushOfBuilder } from './flush-builders.js';
import { type FirstStatement } from './first-statement.js';
import { columnsSetBy } from './writes-of-flush.js';

/** Inserts the trace of a flush that leaves its writes out of the history. */
export async function traceFlush(
  capture: Capture,
  queryRunner: QueryRunner,
  flush: Flush,
  by: SkipCause,
): Promise<void> {
  const writes = skippedByFlush(capture, flush);
  if (writes.length === 0) return;
  await capture.skips.whenTraced(queryRunner, by, async (trace) => {
    if (trace) await capture.units.run(queryRunner, (unit) => trace(unit, writes));
  });
}

/** The writes of a flush that leaves them out of the history. It has as many rows as entities. */
export function skippedByFlush(capture: Capture, flush: Flush): SkippedWrite[] {
  const { insertSubjects, updateSubjects, removeSubjects, softRemoveSubjects, recoverSubjects } = flush;
  const { foreignKeys } = capture.cascades;
  const own = (subjects: Flush['allSubjects'], operation: WriteOperation): SkippedWrite[] =>
    subjects.flatMap(({ metadata }) => {
      const plan = capture.plans.find(metadata);
      return plan ? [{ plan, operation, rows: 1 }] : [];
    });
  return [
    ...own(insertSubjects, 'insert'),
    ...own(updateSubjects, 'update'),
    ...own(removeSubjects, 'delete'),
    ...own(softRemoveSubjects, 'soft-delete'),
    ...own(recoverSubjects, 'restore'),
    ...updateSubjects.flatMap((subject) =>
      reachedWrites(
        capture,
        foreignKeys.reachedByUpdate(tableOf(subject.metadata), () => columnsSetBy(subject)),
      ),
    ),
    ...[...new Set(removeSubjects.map(({ metadata }) => tableOf(metadata)))].flatMap((table) =>
      reachedWrites(capture, foreignKeys.reachedByDelete(table)),
    ),
  ];
}

/** A builder's write that is left out of the history. */
export interface SkippedBuilder {
  readonly capture: Capture;
  readonly target: BuilderTarget;
  /** Of its own table, if that is audited. */
  readonly plan: AuditPlan | undefined;
  readonly operation: WriteOperation;
  /** Of tables that foreign keys reach. */
  readonly reached: readonly SkippedWrite[];
  /** The flush that made the builder. */
  readonly flush: SkippedFlush | undefined;
}

/**
 * A builder's write to audited rows that is left out of the history, and has to be refused or traced.
 *
 * @returns undefined for any other write
 * @throws SkippedWriteError with `skips: 'refuse'`
 */
export function skippedBuilder(given: BuilderInternals, kind: WriteKind): SkippedBuilder | undefined {
  const capture = captureOf(dataSourceOf(given));
  if (!capture || capture.skips.areUntraced) return undefined;
  const isFlush = given.queryRunner !== undefined && flushOf(given.queryRunner)?.skipped !== undefined;
  if (capture.isRecording && !isFlush) return undefined;
  const target = targetOf(given);
  if (!target || target.metadata.tableType === 'view') return undefined;
  const { builder, metadata } = target;
  const flush = flushOfBuilder(builder, kind, metadata);
  if (flush ? flush.isRecording : capture.isRecording) return undefined;
  const plan = capture.plans.find(metadata);
  const reached = reachedWrites(capture, reachedBy(capture, tableOf(metadata), kind, builder));
  const all = [...(plan ? [{ plan }] : []), ...reached];
  if (all.length === 0) return undefined;
  capture.skips.assertAllowed(all, flush?.skipped?.by ?? 'without');
  return { capture, target, plan, operation: operationOf(builder, kind), reached, flush: flush?.skipped };
}

/** Executes a builder of the application whose write is left out of the history, as one unit with its trace. */
export async function executeSkipped<T>(
  skipped: SkippedBuilder,
  given: BuilderInternals,
  first: FirstStatement,
  execute: () => Promise<T>,
): Promise<T> {
  const { units, skips, dialect } = skipped.capture;
  const queryRunner = given.queryRunner ?? given.obtainQueryRunner();
  const isOwn = given.queryRunner === undefined;
  const send = (trace: Trace, text: string, parameters: unknown[]): Promise<QueryResult> =>
    units.runStatement(queryRunner, { text, parameters }, async (unit) => {
      const result = await unit.watched(() => queryRunner.query(text, parameters, true));
      await trace(unit, writesOf(skipped, result));
      if (unit.hasOwnTransaction) dialect.sessions.hideTransaction?.(result.raw);
      return result;
    });
  try {
    return await skips.whenTraced(queryRunner, 'without', (trace) =>
      trace
        ? first.executeWith(queryRunner, execute, (text, parameters) =>
            queryRunner.isReleased
              ? queryRunner.query(text, parameters, true)
              : send(trace, text, parameters),
          )
        : execute(),
    );
  } finally {
    if (isOwn) await queryRunner.release();
  }
}

function writesOf({ target, plan, operation, reached }: SkippedBuilder, result: QueryResult): SkippedWrite[] {
  const rows = rowsOf(target, result);
  if (rows === 0) return [];
  return [...(plan ? [{ plan, operation, rows }] : []), ...reached];
}

// MySQL counts a row that an upsert updates twice.
function rowsOf({ builder }: BuilderTarget, { affected, records }: QueryResult): number | null {
  const given = builder.expressionMap.queryType === 'insert' && rowsOfValues(builder.expressionMap)?.length;
  const rows = affected ?? (records as unknown[] | undefined)?.length ?? null;
  return given && rows !== null ? Math.min(given, rows) : rows;
}

function reachedBy(
  { cascades: { foreignKeys } }: Capture,
  table: EntityMetadata,
  kind: WriteKind,
  { expressionMap }: BuilderInternals,
): Reached[] {
  if (kind === 'delete') return foreignKeys.reachedByDelete(table);
  if (kind === 'insert' && !expressionMap.onUpdate) return [];
  return foreignKeys.reachedByUpdate(table, () => columnsToChange(table, expressionMap));
}

/** The writes to tables that foreign keys reach. How many rows they change there, the database doesn't tell. */
export function reachedWrites({ plans }: Capture, reached: readonly Reached[]): SkippedWrite[] {
  return reached.map(({ table, operation }) => ({ plan: plans.find(table)!, operation, rows: null }));
}
