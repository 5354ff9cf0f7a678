import { type EntityMetadata, type ObjectLiteral } from 'typeorm';
import { type Subject } from 'typeorm/persistence/Subject.js';
import {
  RevisionDeleteForbiddenError,
  RevisionInsertForbiddenError,
  RevisionUpdateForbiddenError,
  TransactionRequiredError,
} from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type AuditOperation } from '../../revision/revision-columns.js';
import { type Flush } from '../../typeorm/patches/writes.patch.js';
import { tableOf } from '../tables/table-at-path.js';
import { type Capture } from './capture.js';
import { type RowsToChange, type Write } from '../write/write.js';

/** Whether a flush writes to audited tables, or to tables that audited ones refer to. */
export function touchesAudited({ plans, cascades }: Capture, { allSubjects }: Flush): boolean {
  return allSubjects.some(
    ({ metadata }) => plans.find(metadata) ?? cascades.foreignKeys.isReferred(tableOf(metadata)),
  );
}

/** @throws RevisionInsertForbiddenError, RevisionUpdateForbiddenError, RevisionDeleteForbiddenError, TransactionRequiredError */
export async function assertRecordable(capture: Capture, flush: Flush): Promise<void> {
  const { plans } = capture;
  const forbid = (subjects: readonly Subject[], error: new (revision: string) => Error): void => {
    const revision = subjects.find(({ metadata }) => plans.isRevision(metadata));
    if (revision) throw new error(revision.metadata.name);
  };
  forbid(flush.insertSubjects, RevisionInsertForbiddenError);
  forbid(flush.updateSubjects, RevisionUpdateForbiddenError);
  forbid(flush.recoverSubjects, RevisionUpdateForbiddenError);
  forbid(flush.removeSubjects, RevisionDeleteForbiddenError);
  forbid(flush.softRemoveSubjects, RevisionDeleteForbiddenError);
  if (flush.options?.transaction !== false || flush.options.listeners === false) return;
  const audited = tablesOf(flush).find((metadata) => plans.find(metadata));
  if (!audited || !capture.isRecording || (await capture.units.isInTransaction(flush.queryRunner))) return;
  throw new TransactionRequiredError(audited.name);
}

/** The tables that a flush writes to. */
export function tablesOf(flush: Flush): EntityMetadata[] {
  return [
    ...flush.insertSubjects,
    ...flush.updateSubjects,
    ...flush.removeSubjects,
    ...flush.softRemoveSubjects,
    ...flush.recoverSubjects,
  ].map(({ metadata }) => metadata);
}

/**
 * The writes of a flush, for the rows that it knows.
 *
 * It doesn't know children that were dropped from a one-to-many, rows whose generated key nobody asks for, removed
 * entities that it hasn't found, and rows of a relation on an entity's table that has another key. The query builders
 * record those (`flushNamesRows()`).
 */
export function writesOf(capture: Capture, flush: Flush): Write[] {
  const writes: Write[] = [];
  const add = (
    operation: AuditOperation,
    subject: Subject,
    id: ObjectLiteral | undefined,
    sets?: (subject: Subject) => ReadonlySet<string>,
  ): void => {
    const { metadata, entity } = subject;
    const plan = id && capture.plans.find(metadata);
    if (plan && capture.plans.tellsKey(tableOf(metadata)))
      writes.push({
        plan,
        operation,
        keys: [capture.driverKey(plan, id, metadata)],
        entities: [entity],
        sets: plan.gaps.size > 0 ? sets?.(subject) : undefined,
      });
  };
  for (const subject of flush.insertSubjects) add('insert', subject, subject.identifier);
  for (const subject of flush.updateSubjects) add('update', subject, subject.databaseEntity, columnsSetBy);
  for (const subject of flush.removeSubjects) add('delete', subject, idOfRemoval(subject));
  for (const subject of flush.softRemoveSubjects)
    add('soft-delete', subject, subject.databaseEntity ?? subject.identifier);
  for (const subject of flush.recoverSubjects)
    add('restore', subject, subject.databaseEntity ?? subject.identifier);
  return writes;
}

/**
 * The rows that a flush is about to change or delete, as far as it knows them, in the order of its statements. Rows of
 * one table that follow each other are together.
 */
export function rowsToChange(capture: Capture, flush: Flush): RowsToChange[] {
  const together: { plan: AuditPlan; isDeleted: boolean; keys: Key[] }[] = [];
  for (const { plan, operation, keys } of writesOf(capture, { ...flush, insertSubjects: [] })) {
    const isDeleted = operation === 'delete';
    const last = together.at(-1);
    if (last?.plan === plan && last.isDeleted === isDeleted) last.keys.push(...(keys as Key[]));
    else together.push({ plan, isDeleted, keys: [...(keys as Key[])] });
  }
  return together;
}

// Only the DELETE tells whether an entity that wasn't found had a row.
function idOfRemoval({ databaseEntity, entity, identifier }: Subject): ObjectLiteral | undefined {
  return databaseEntity ?? (entity ? undefined : identifier);
}

/** The columns that a flush gives values to in a row that it updates. TypeORM sets the dates and versions itself. */
export function columnsSetBy({ metadata, diffColumns, diffRelations }: Subject): Set<string> {
  const columns = [
    ...diffColumns,
    ...diffRelations.flatMap(({ joinColumns }) => joinColumns),
    ...metadata.columns.filter(({ isUpdateDate, isVersion }) => isUpdateDate || isVersion),
  ];
  return new Set(columns.map(({ databaseName }) => databaseName));
}
