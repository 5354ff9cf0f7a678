import { inspect } from 'node:util';
import { type DataSource, type EntityTarget } from 'typeorm';
import { InvalidArgumentError, type RestoreConflict, UndoConflictError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { obstacleOf } from '../restore/explain-refusal.js';
import { readTransaction } from '../feed/transaction.js';
import { assertBoolean, transactionId } from '../arguments/checks.js';
import { type Revision } from '../types/revision.js';
import { type UndoOptions } from '../types/restore.js';
import { UndoRefusal, UndoOrder } from './undo-order.js';
import { rowsOfTransaction, UndoRow } from './undo-rows.js';
import { type HistoryWrite, inWriteTransaction } from '../restore/write-transaction.js';

/**
 * @returns the new revisions, in the order in which they were made
 * @throws UndoConflictError
 * @throws InvalidArgumentError 'transaction', when it has no revisions to undo; 'dryRun', 'except'
 */
export async function undo(
  dataSource: DataSource,
  transaction: string,
  { dryRun = false, except = [], manager }: UndoOptions,
): Promise<Revision[]> {
  const id = transactionId(transaction);
  assertBoolean('dryRun', dryRun);
  if (!Array.isArray(except))
    throw new InvalidArgumentError('except', `must be an array of entities, got ${inspect(except)}.`);
  // Read before the transaction begins, so that its snapshot is no older than the locks on the rows.
  const left = except.map((entity) => planToExcept(dataSource, entity));
  const written = (await rowsOfTransaction(dataSource, id, manager?.queryRunner)).filter(
    ({ plan }) => !left.includes(plan),
  );
  if (written.length === 0) throw new InvalidArgumentError('transaction', `${id} has no revisions to undo.`);
  const undone = inWriteTransaction(
    dataSource,
    { manager, reason: `undo of ${id}`, dryRun },
    async (write) => {
      const rows = written.map((row) => new UndoRow(write, row, id));
      for (const row of rows) await row.lock();
      const conflicts: RestoreConflict[] = [];
      for (const row of rows) {
        const conflict = await row.prepare();
        if (conflict) conflicts.push(conflict);
      }
      if (conflicts.length > 0) throw new UndoConflictError(id, conflicts);
      await new UndoOrder(id, rows).applyAll();
      return revisionsMade(write, rows);
    },
  );
  return undone.catch(async (error: unknown) => {
    if (!(error instanceof UndoRefusal)) throw error;
    const obstacle = await obstacleOf(dataSource, manager?.queryRunner, error.refused);
    throw new UndoConflictError(id, [error.row.conflictWith(obstacle)], { cause: error.cause });
  });
}

/** @throws NotAuditedError @throws InvalidArgumentError for some of the classes of a table */
function planToExcept(dataSource: DataSource, entity: EntityTarget<any>): AuditPlan {
  const plan = auditPlansOf(dataSource).get(entity);
  const { name, tableType } = dataSource.getMetadata(entity);
  if (tableType !== 'entity-child') return plan;
  const root = plan.metadata.name;
  throw new InvalidArgumentError(
    'except',
    `must not have ${name}, which shares the table of ${root}: a table is undone as a whole. Give ${root} to leave the table out.`,
  );
}

// All new revisions belong to one transaction. The first one tells its id, and one query reads the others.
async function revisionsMade(write: HistoryWrite, rows: readonly UndoRow[]): Promise<Revision[]> {
  for (const row of rows) {
    const first = await row.made();
    if (!first) continue;
    const versions = new Map(rows.map(({ latest }) => [nameOf(latest), latest.version]));
    const all = await readTransaction(write.reading, first.transaction);
    return all.filter((revision) => revision.version > (versions.get(nameOf(revision)) ?? Infinity));
  }
  return [];
}

function nameOf({ entity, entityId }: Revision): string {
  return inspect([entity, entityId]);
}
