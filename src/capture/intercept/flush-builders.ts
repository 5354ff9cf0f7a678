import { type EntityManager, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { type BuilderInternals } from '../../typeorm/builder-internals.js';
import { viewOf } from '../../typeorm/query-runner-view.js';
import { StateSlot } from '../../typeorm/state-slot.js';
import { lacksKeys } from '../rows/rows-of-insert.js';
import { tableOf } from '../tables/table-at-path.js';
import { type FlushCapture } from './flush-capture.js';

// Where a flush and the query builders that it writes with meet. TypeORM's executor makes them with its query runner,
// so it gets a view of that which knows the flush.

const flushes = new StateSlot<FlushCapture>('flush');

/** The query runner that a flush is to write with. */
export function queryRunnerOfFlush(flush: FlushCapture): QueryRunner {
  const { queryRunner } = flush;
  const own: Partial<QueryRunner> = {};
  if (flush.isRecording)
    own.query = ((...given: Parameters<QueryRunner['query']>) => flush.send(given)) as QueryRunner['query'];
  flushes.set(own, flush);
  const view = viewOf(queryRunner, own);
  Object.assign(own, { manager: managerOf(queryRunner.manager, view) });
  return view;
}

/** The flush that a query runner was given to. */
export function flushOf(queryRunner: QueryRunner): FlushCapture | undefined {
  return flushes.of(queryRunner);
}

/** The flush that made a builder; undefined for a builder of the application, whose hooks write with its query runner too. */
export function flushOfBuilder(
  { expressionMap, queryRunner }: BuilderInternals,
  kind: WriteKind,
  metadata: EntityMetadata,
): FlushCapture | undefined {
  if (!queryRunner || !expressionMap.mainAlias!.hasMetadata) return undefined;
  // A flush writes without listeners, but for the paths of a tree.
  const mayBeFlush = expressionMap.callListeners === false || movesTree(expressionMap, kind, metadata);
  return mayBeFlush ? flushes.of(queryRunner) : undefined;
}

/** Whether the flush knows the rows that one of its builders writes, so that it records them when it ends. */
export function flushNamesRows(
  flush: FlushCapture,
  { expressionMap }: BuilderInternals,
  kind: WriteKind,
  metadata: EntityMetadata,
  table: EntityMetadata,
): boolean {
  if (movesTree(expressionMap, kind, metadata) || !flush.capture.plans.tellsKey(tableOf(metadata)))
    return false;
  const { updateEntity, whereEntities } = expressionMap;
  if (kind === 'delete') return !flush.removesUnfound(metadata);
  // A child that is dropped from a one-to-many.
  if (kind === 'update') return whereEntities.length > 0;
  // Keys that the database generates, and nobody asks for or TypeORM doesn't know of.
  return updateEntity && !lacksKeys(table, expressionMap);
}

// Whether a builder writes the materialized path of a tree, which a flush does by builders that have listeners.
function movesTree(
  { valuesSet }: QueryExpressionMap,
  kind: WriteKind,
  { materializedPathColumn, treeType }: EntityMetadata,
): boolean {
  if (kind !== 'update' || treeType !== 'materialized-path') return false;
  const names = Object.keys((valuesSet as object | undefined) ?? {});
  return names.length === 1 && names[0] === materializedPathColumn?.propertyPath;
}

// TypeORM's executor takes the query runner from the manager, too.
function managerOf(manager: EntityManager, queryRunner: QueryRunner): EntityManager {
  return new Proxy(manager, {
    get: (target, name): unknown => (name === 'queryRunner' ? queryRunner : Reflect.get(target, name)),
  });
}
