import { type EntityMetadata, type QueryRunner } from 'typeorm';
import {
  RevisionDeleteForbiddenError,
  RevisionInsertForbiddenError,
  RevisionUpdateForbiddenError,
} from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { assertOfThePresent } from '../../revision/historic-entities.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { type Capture, captureOf, tableOf } from './capture.js';
import { dataSourceOf } from '../../typeorm/data-source-of.js';
import { lacksKeys } from '../rows/rows-of-insert.js';
import { flushOf, type RecordedFlush } from './flush-capture.js';
import { noteUnattached } from '../tables/warn-of-unattached.js';
import { seenByProperties, tableAtPath } from '../tables/table-at-path.js';
import { followsWrite } from '../rows/read-before.js';

/** What is known when a builder's write begins. */
export interface Circumstances {
  readonly capture: Capture;
  /** The table, in its root's metadata where it is a single-table inheritance. */
  readonly table: EntityMetadata;
  /** The plan by which its rows are recorded here; undefined where the flush knows them, or it isn't audited. */
  readonly plan: AuditPlan | undefined;
  /** Whether the database will change audited rows of other tables with it. */
  readonly isFollowed: boolean;
  /** The flush of the persistence layer that it is part of. */
  readonly flush: RecordedFlush | undefined;
  /** The builder, with its values by property. */
  readonly builder: BuilderInternals;
}

/**
 * What there is to record of a builder's write; undefined where there is nothing.
 *
 * @throws RevisionInsertForbiddenError, RevisionUpdateForbiddenError, RevisionDeleteForbiddenError, HistoricEntityError
 */
export function circumstancesOf(builder: BuilderInternals, kind: WriteKind): Circumstances | undefined {
  const { mainAlias } = builder.expressionMap;
  if (mainAlias?.hasMetadata) return circumstancesWith(builder, kind, mainAlias.metadata);
  const path = mainAlias && !mainAlias.subQuery ? mainAlias.tablePath : undefined;
  const dataSource = dataSourceOf(builder);
  const found = path === undefined ? undefined : tableAtPath(dataSource, path);
  if (!found) return undefined;
  // Of several entities on a table, one has the key by which its rows are known.
  const table = captureOf(dataSource)?.plans.find(found)?.metadata ?? found;
  return circumstancesWith(seenByProperties(builder, table), kind, table);
}

function circumstancesWith(
  builder: BuilderInternals,
  kind: WriteKind,
  metadata: EntityMetadata,
): Circumstances | undefined {
  const { expressionMap, queryRunner } = builder;
  const dataSource = dataSourceOf(builder);
  const capture = captureOf(dataSource);
  if (!capture) noteUnattached(dataSource, [metadata]);
  if (!capture) return undefined;
  if (metadata.tableType === 'view') {
    if (capture.isRecording) capture.views.note(metadata);
    return undefined;
  }
  if (capture.plans.isRevision(metadata)) forbidWrite(builder, kind, metadata);
  const isTreeMove = movesTree(builder, kind, metadata);
  // Those of a flush are by entity.
  const mayBeFlushed =
    expressionMap.mainAlias!.hasMetadata && (expressionMap.callListeners === false || isTreeMove);
  const flush = mayBeFlushed ? flushOf(queryRunner) : undefined;
  if (!flush) assertValuesOfThePresent(builder, capture, metadata);
  if (flush?.isTold === false) return undefined;
  const table = capture.plans.keyed(tableOf(metadata));
  const plan = capture.plans.find(metadata);
  const isFollowed = followsWrite(capture, kind, table, expressionMap);
  if (!plan && !isFollowed) return undefined;
  if (!flush && !capture.isRecording) return undefined;
  const isNamed =
    flush &&
    !isTreeMove &&
    !isAnonymous(builder, kind, table) &&
    capture.plans.tellsKey(tableOf(metadata)) &&
    !(kind === 'delete' && flush.removesUnfound(metadata)) &&
    !needsPlaces(capture, flush.queryRunner, kind);
  return { capture, table, plan: isNamed ? undefined : plan, isFollowed, flush, builder };
}

/** Whether it has to be known where new rows are: at SERIALIZABLE a look by their keys conflicts with other inserts. */
export function needsPlaces(capture: Capture, queryRunner: QueryRunner, kind: WriteKind): boolean {
  return kind === 'insert' && !!capture.dialect.keys.rowPlace && capture.units.isSerializable(queryRunner);
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

// Of these a flush doesn't know the row: a child that is dropped from a one-to-many, and an insert whose generated
// key nobody asks for, or of whose generation only the database knows.
function isAnonymous({ expressionMap }: BuilderInternals, kind: WriteKind, table: EntityMetadata): boolean {
  const { updateEntity, whereEntities } = expressionMap;
  if (kind === 'insert') return !updateEntity || lacksKeys(table, expressionMap);
  return kind === 'update' && whereEntities.length === 0;
}

// The persistence layer writes materialized paths too, by builders that have listeners.
function movesTree(
  { expressionMap }: BuilderInternals,
  kind: WriteKind,
  { materializedPathColumn, treeType }: EntityMetadata,
): boolean {
  if (kind !== 'update' || treeType !== 'materialized-path') return false;
  const names = Object.keys((expressionMap.valuesSet as object | undefined) ?? {});
  return names.length === 1 && names[0] === materializedPathColumn?.propertyPath;
}
