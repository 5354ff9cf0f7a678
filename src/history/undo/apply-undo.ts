import { inspect } from 'node:util';
import { type DataSource, type EntityTarget } from 'typeorm';
import { InvalidArgumentError, type RestoreConflict, UndoConflictError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { newId } from '../../revision/clock.js';
import { historyOf } from '../history.js';
import { obstacleOf } from '../restore/explain-refusal.js';
import { assertBoolean, transactionId } from '../arguments/checks.js';
import { type UndoOptions } from '../types/restore.js';
import { type Reading } from '../revisions/reading.js';
import { UndoRefusal, UndoOrder } from './undo-order.js';
import { newestFirst, rowsOfTransaction, type TransactionRow } from './transaction-rows.js';
import { type UndoRow, UndoTable } from './undo-table.js';
import { type HistoryWrite, inWriteTransaction } from '../restore/write-transaction.js';

/** The revisions that an undo makes, before it ends. */
export interface NewRevisions {
  readonly reading: Reading;
  readonly transaction: string;
  /** The `rev_id` that they are behind, in a caller's transaction; undefined if they are all of the transaction. */
  readonly behind: string | undefined;
}

/**
 * Undoes a transaction.
 *
 * @param read reads the new revisions
 * @throws UndoConflictError
 * @throws InvalidArgumentError 'transaction', when it has no revisions to undo; 'dryRun', 'except'
 */
export async function applyUndo<T>(
  dataSource: DataSource,
  transaction: string,
  { dryRun = false, except = [], manager }: UndoOptions,
  read: (revisions: NewRevisions) => Promise<T>,
): Promise<T> {
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
  const plans = [...new Set(written.map(({ plan }) => plan))];
  const applied = inWriteTransaction(
    dataSource,
    { manager, plans, reason: `undo of ${id}`, dryRun },
    async (write) => {
      // Ids count up, so this one separates the revisions of a caller's transaction.
      const behind = write.transaction.isGiven ? newId() : undefined;
      const tables = await tablesOf(write, id, plans, written);
      for (const [table, rows] of tables) await table.lock(rows);
      const rows: UndoRow[] = [];
      const conflicts: RestoreConflict[] = [];
      for (const [table, ofTable] of tables) {
        const prepared = await table.prepare(ofTable);
        for (const row of prepared.rows) rows.push(row);
        for (const conflict of prepared.conflicts) conflicts.push(conflict);
      }
      if (conflicts.length > 0) throw new UndoConflictError(id, conflicts);
      await new UndoOrder(id, rows.sort(newestFirst)).applyAll();
      return read({ reading: write.reading, transaction: write.transaction.id, behind });
    },
  );
  return applied.catch(async (error: unknown) => {
    if (!(error instanceof UndoRefusal)) throw error;
    const obstacle = await obstacleOf(dataSource, manager?.queryRunner, error.refused);
    const reading = historyOf(dataSource).reading(dataSource, { queryRunner: manager?.queryRunner });
    const conflict = await error.row.table.conflictOf(error.row, obstacle, reading);
    throw new UndoConflictError(id, [conflict], { cause: error.cause });
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

/** The rows by their tables. */
async function tablesOf(
  write: HistoryWrite,
  transaction: string,
  plans: readonly AuditPlan[],
  written: readonly TransactionRow[],
): Promise<Map<UndoTable, TransactionRow[]>> {
  const tables = new Map<UndoTable, TransactionRow[]>();
  for (const plan of plans)
    tables.set(
      await UndoTable.open(write, plan, transaction),
      written.filter((row) => row.plan === plan),
    );
  return tables;
}
