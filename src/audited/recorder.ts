import { type DataSource, type QueryRunner } from 'typeorm';
import { type Key } from '../dialect/keys/key.js';
import { type AuditOperation } from '../revision/revision-columns.js';
import { StateSlot } from '../typeorm/state-slot.js';
import { type AuditPlan } from './audit-plan.js';

/** A write of one row by a statement that TypeORM doesn't know of. */
export interface RawWrite {
  readonly plan: AuditPlan;
  readonly operation: AuditOperation;
  readonly key: Key;
  /** The columns that an update gives values to, by their names in the database. */
  readonly changed: ReadonlySet<string>;
}

/** What records a data source's writes, for those parts of the library that write themselves. */
export interface Recorder {
  /**
   * Runs in the transaction that is open on the connection, or in a new one that ends with the function, and of which
   * no subscriber is told.
   */
  unit<T>(queryRunner: QueryRunner, fn: () => Promise<T>): Promise<T>;
  /**
   * Runs in a savepoint of the transaction that is open on the connection, or of a new one that ends with the function.
   *
   * @param options `isDryRun`: takes back what was written, at the end
   */
  transaction<T>(
    queryRunner: QueryRunner,
    fn: () => Promise<T>,
    options?: { readonly isDryRun?: boolean },
  ): Promise<T>;
  /** Runs a write of one row, and records it. */
  record(queryRunner: QueryRunner, write: RawWrite, run: () => Promise<unknown>): Promise<void>;
}

const recorders = new StateSlot<Recorder>('recorder');

/** The recorder of a data source whose writes are recorded. */
export function recorderOf(dataSource: DataSource): Recorder | undefined {
  return recorders.of(dataSource);
}

export function setRecorder(dataSource: DataSource, recorder: Recorder | undefined): void {
  recorders.set(dataSource, recorder);
}
