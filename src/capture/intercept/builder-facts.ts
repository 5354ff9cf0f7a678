import { type EntityMetadata, type QueryRunner } from 'typeorm';
import {
  RevisionDeleteForbiddenError,
  RevisionInsertForbiddenError,
  RevisionUpdateForbiddenError,
} from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { assertOfThePresent } from '../../revision/historic-entities.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { cascadesToAudited, changesKeys } from '../rows/read-before.js';
import { soleKeyOf } from '../rows/row-of-id.js';
import { tableAtPath, tableOf } from '../tables/table-at-path.js';
import { noteUnattached } from '../tables/warn-of-unattached.js';
import { type WriteOperation } from '../write/write.js';
import { builderByProperties } from './builder-by-path.js';
import { type Capture, captureOf } from './capture.js';
import { type FlushCapture } from './flush-capture.js';
import { flushNamesRows, flushOfBuilder } from './flush-builders.js';

/**
 * What a builder's write is, worked out once before the before-hooks run. Only the columns that an update gives values
 * to are looked at again with the statement, because a hook may add some.
 */
export interface BuilderFacts {
  readonly capture: Capture;
  /** The builder, with its values by property. */
  readonly builder: BuilderInternals;
  readonly kind: WriteKind;
  readonly operation: WriteOperation;
  /** The table, in its root's metadata where it is a single-table inheritance. */
  readonly table: EntityMetadata;
  /** The flush that made the builder; undefined for a builder of the application. */
  readonly flush: FlushCapture | undefined;
  /** Who records the rows of the table: `nobody` where the table is not audited, and only rows that refer to it are. */
  readonly recordedBy: 'builder' | 'flush' | 'nobody';
  /** The plan of the table, where the builder records its rows. */
  readonly plan: AuditPlan | undefined;
  /** Whether foreign keys carry the write on to audited rows of other tables. */
  readonly cascades: boolean;
  /** Whether each row has to be known by its key: it is new, others refer to it, or it may get another key. */
  readonly needsEachKey: boolean;
  /** The key of the only row that the write can hit, where its criteria are that key. */
  readonly soleKey: Key | undefined;
}

/** Ids, or an object of properties, that a builder was given as its criteria, and the condition that it made of them. */
export interface Criteria {
  readonly given: unknown;
  readonly where: object | undefined;
}

/**
 * The facts of a builder's write; undefined where there is nothing to record.
 *
 * @throws RevisionInsertForbiddenError, RevisionUpdateForbiddenError, RevisionDeleteForbiddenError, HistoricEntityError
 */
export function factsOf(
  builder: BuilderInternals,
  kind: WriteKind,
  criteria?: Criteria,
): BuilderFacts | undefined {
  const target = targetOf(builder);
  return target && factsWith(target, kind, criteria);
}

/** The table that a builder writes, and the builder with its values by property. */
export interface BuilderTarget {
  readonly builder: BuilderInternals;
  readonly metadata: EntityMetadata;
}

/** The target of a builder's write; undefined for a table without an entity. */
export function targetOf(builder: BuilderInternals): BuilderTarget | undefined {
  const { mainAlias } = builder.expressionMap;
  if (mainAlias?.hasMetadata) return { builder, metadata: mainAlias.metadata };
  const path = mainAlias && !mainAlias.subQuery ? mainAlias.tablePath : undefined;
  const dataSource = dataSourceOf(builder);
  const found = path === undefined ? undefined : tableAtPath(dataSource, path);
  if (!found) return undefined;
  // Of several entities on a table, one has the key by which its rows are known.
  const metadata = captureOf(dataSource)?.plans.find(found)?.metadata ?? found;
  return { builder: builderByProperties(builder, metadata), metadata };
}

function factsWith(
  { builder, metadata }: BuilderTarget,
  kind: WriteKind,
  criteria: Criteria | undefined,
): BuilderFacts | undefined {
  const { expressionMap } = builder;
  const operation = operationOf(builder, kind);
  const dataSource = dataSourceOf(builder);
  const capture = captureOf(dataSource);
  if (!capture) noteUnattached(dataSource, [metadata]);
  if (!capture) return undefined;
  if (metadata.tableType === 'view') {
    if (capture.isRecording) capture.views.note(metadata);
    return undefined;
  }
  if (capture.plans.isRevision(metadata)) forbidWrite(builder, kind, metadata);
  const table = capture.plans.keyed(tableOf(metadata));
  const audited = capture.plans.find(metadata);
  const flush = flushOfBuilder(builder, kind, metadata);
  if (!flush) assertValuesOfThePresent(builder, capture, metadata);
  if (flush ? !flush.isRecording : !capture.isRecording) return undefined;
  const cascades = cascadesToAudited(capture.cascades, kind, table, expressionMap);
  if (!audited && !cascades) return undefined;
  const isNamed =
    flush !== undefined &&
    !needsPlaces(capture, flush.queryRunner, kind) &&
    flushNamesRows(flush, builder, kind, metadata, table);
  const plan = isNamed ? undefined : audited;
  const needsEachKey = kind === 'insert' || cascades || changesKeys(kind, table, expressionMap);
  return {
    capture,
    builder,
    kind,
    operation,
    table,
    flush,
    recordedBy: !audited ? 'nobody' : isNamed ? 'flush' : 'builder',
    plan,
    cascades,
    needsEachKey,
    soleKey: plan && !needsEachKey ? soleKeyIn(builder, capture, plan, kind, criteria) : undefined,
  };
}

/** Whether it has to be known where new rows are: at SERIALIZABLE a look by their keys conflicts with other inserts. */
export function needsPlaces(capture: Capture, queryRunner: QueryRunner, kind: WriteKind): boolean {
  return kind === 'insert' && !!capture.dialect.keys.rowPlace && capture.units.isSerializable(queryRunner);
}

/** The operation of a builder's write. */
export function operationOf({ expressionMap }: BuilderInternals, kind: WriteKind): WriteOperation {
  const { queryType, onUpdate } = expressionMap;
  if (kind === 'insert') return onUpdate ? 'upsert' : 'insert';
  return queryType as 'update' | 'delete' | 'soft-delete' | 'restore';
}

function forbidWrite({ expressionMap }: BuilderInternals, kind: WriteKind, { name }: EntityMetadata): never {
  if (kind === 'delete') throw new RevisionDeleteForbiddenError(name);
  if (kind === 'update' || expressionMap.onUpdate) throw new RevisionUpdateForbiddenError(name);
  throw new RevisionInsertForbiddenError(name);
}

function assertValuesOfThePresent(
  { expressionMap: { valuesSet } }: BuilderInternals,
  { dataSource }: Capture,
  { name }: EntityMetadata,
): void {
  for (const values of Array.isArray(valuesSet) ? valuesSet : [valuesSet])
    assertOfThePresent(dataSource, name, values as object | undefined);
}

function soleKeyIn(
  { expressionMap: { mainAlias, wheres } }: BuilderInternals,
  capture: Capture,
  plan: AuditPlan,
  kind: WriteKind,
  criteria: Criteria | undefined,
): Key | undefined {
  // The plan's properties may not be those of the criteria.
  if (!mainAlias?.hasMetadata || plan.others.includes(mainAlias.metadata)) return undefined;
  // Other conditions may have been added since.
  if (!criteria?.where || wheres.length > 1 || wheres[0] !== criteria.where) return undefined;
  return soleKeyOf(capture, plan, kind, criteria.given);
}
