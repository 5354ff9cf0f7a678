import { type DataSource, type QueryRunner } from 'typeorm';
import { type Key } from '../dialect/keys/key.js';
import { type AuditOperation } from '../revision/revision-columns.js';
import { StateSlot } from '../typeorm/state-slot.js';
import { type AuditPlan } from './audit-plan.js';

/** A write of rows of one table, by a statement of this library. */
export interface RawWrite {
  readonly plan: AuditPlan;
  readonly operation: AuditOperation;
  readonly keys: readonly Key[];
  /** The columns in the UPDATE's SET, by their names in the database. */
  readonly changed: ReadonlySet<string>;
}

/** Records the writes of the library itself, such as a restore. */
export interface Recorder {
  /**
   * Runs a function in the open transaction of the connection, or in a new one that ends with the function. Subscribers
   * are not told of the new transaction.
   */
  unit<T>(queryRunner: QueryRunner, fn: () => Promise<T>): Promise<T>;
  /**
   * Runs a function in a savepoint of the connection's open transaction, or of a new one that ends with the function.
   *
   * @param fn takes the `rev_transaction` of the revisions that it makes
   * @param options `isDryRun`: rolls back to the savepoint at the end
   */
  transaction<T>(
    queryRunner: QueryRunner,
    fn: (transaction: string) => Promise<T>,
    options?: { readonly isDryRun?: boolean },
  ): Promise<T>;
  /** Runs a write of some rows, and records it. */
  record(queryRunner: QueryRunner, write: RawWrite, run: () => Promise<unknown>): Promise<void>;
}

const recorders = new StateSlot<Recorder>('recorder');

/** The recorder of a data source; undefined if its writes are not recorded. */
export function recorderOf(dataSource: DataSource): Recorder | undefined {
  return recorders.of(dataSource);
}

export function setRecorder(dataSource: DataSource, recorder: Recorder | undefined): void {
  recorders.set(dataSource, recorder);
}
