import { type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type RestoreConflict } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { keyLabel } from '../arguments/key-of.js';
import { revisionsSince } from '../restore/changed-since.js';
import { type Obstacle } from '../restore/obstacle.js';
import { type AssessedRow, RestoreTable, ROWS_AT_A_TIME } from '../restore/restore-table.js';
import { type UniqueKey } from '../restore/unique-keys.js';
import { type HistoryWrite } from '../restore/write-transaction.js';
import { type Reading } from '../revisions/reading.js';
import { RowRevisions } from '../revisions/row-revisions.js';
import { type Assessment } from '../restore/restore-check.js';
import { readStates, type RowStates } from './row-states.js';
import { type TransactionRow } from './transaction-rows.js';

/** A row that an undo puts back. */
export interface UndoRow extends TransactionRow {
  readonly table: UndoTable;
  /** The revision to restore; undefined if the row is to be removed. */
  readonly revisionId: string | undefined;
  /** Whether the row is gone already. */
  readonly isGone: boolean;
}

/** What stands in the way of a row; with none, the row can be put back. */
export interface UndoAssessment {
  readonly row: UndoRow;
  readonly obstacles: readonly Obstacle[];
  /** Of a row that is to be restored. */
  readonly assessment?: Assessment;
}

/** Puts the rows of one table back to their states before a transaction. */
export class UndoTable {
  /** The rows that are there without some of their references. */
  private readonly loosened = new Set<UndoRow>();

  private constructor(
    private readonly write: HistoryWrite,
    private readonly rows: RestoreTable,
    private readonly transaction: string,
  ) {}

  static async open(write: HistoryWrite, plan: AuditPlan, transaction: string): Promise<UndoTable> {
    return new UndoTable(write, await RestoreTable.open(write, plan), transaction);
  }

  get plan(): AuditPlan {
    return this.rows.plan;
  }

  async lock(rows: readonly TransactionRow[]): Promise<void> {
    await this.rows.lock(rows);
  }

  /** Finds what each row is to become. @returns the rows, and the conflicts of those that can't be put back */
  async prepare(
    written: readonly TransactionRow[],
  ): Promise<{ rows: UndoRow[]; conflicts: RestoreConflict[] }> {
    const rows: UndoRow[] = [];
    const conflicts: RestoreConflict[] = [];
    for (let at = 0; at < written.length; at += ROWS_AT_A_TIME) {
      const batch = written.slice(at, at + ROWS_AT_A_TIME);
      const states = await readStates(this.write, this.rows.plan, this.transaction, batch);
      for (const [n, row] of batch.entries()) {
        const state = states[n] as RowStates | undefined;
        if (state?.newer !== undefined) conflicts.push(await this.changedSince(row, state.own, state.newer));
        // Its revisions may have been pruned or erased meanwhile.
        else if (!state || (!state.isNew && state.previous === null))
          conflicts.push(await this.withoutStateBefore(row));
        else {
          const revisionId = state.isNew ? undefined : state.previous!;
          rows.push({ ...row, table: this, revisionId, isGone: state.isGone });
        }
      }
    }
    return { rows, conflicts };
  }

  /** The obstacles to putting the rows back now. @param naming see `RestoreCheck#assess()` */
  async assess(rows: readonly UndoRow[], naming = true): Promise<UndoAssessment[]> {
    const toRestore = rows.filter(({ revisionId }) => revisionId !== undefined);
    const toRemove = rows.filter(({ revisionId, isGone }) => revisionId === undefined && !isGone);
    const done = rows.filter(({ revisionId, isGone }) => revisionId === undefined && isGone);
    const assessments = await this.rows.assess(toRestore, naming);
    const referring = await this.rows.referring(toRemove);
    return [
      ...toRestore.map((row, n) => this.assessmentOf(row, assessments[n])),
      ...toRemove.map((row, n) => ({
        row,
        obstacles: referring[n].map((other) => ({
          problem: `${other.foreignKey.entityMetadata.name} ${other.key.map(String).join()} refers to ${this.nameOf(row)}, which would be removed`,
          referring: other,
        })),
      })),
      ...done.map((row) => ({ row, obstacles: [] })),
    ];
  }

  private assessmentOf(row: UndoRow, assessment: Assessment): UndoAssessment {
    const { obstacles, isPresent } = assessment;
    if (!row.isGone || !isPresent) return { row, obstacles, assessment };
    if (this.loosened.has(row))
      return { row, obstacles, assessment: { ...assessment, operation: 'insert', differs: true } };
    // No lock keeps a row away that doesn't exist.
    const returned = { problem: 'it has been inserted again since' };
    return { row, obstacles: [returned, ...obstacles], assessment };
  }

  /**
   * Lets a row go without some references for a while, so that rows that refer to each other can come back, or go, one
   * after another: inserts it without them, or sets them to null.
   *
   * @returns whether it has done so
   */
  async loosen(
    { row, assessment }: UndoAssessment,
    foreignKeys: readonly ForeignKeyMetadata[],
  ): Promise<boolean> {
    const columns = foreignKeys.flatMap((foreignKey) => nullableOf(foreignKey));
    if (this.loosened.has(row)) return false;
    this.loosened.add(row);
    return assessment && !assessment.isPresent
      ? this.rows.insertWithout(row, assessment, columns)
      : this.rows.setNull(row, columns);
  }

  isCertain(obstacle: Obstacle): boolean {
    return this.rows.isCertain(obstacle);
  }

  /** Puts rows back that nothing stands in the way of. @throws WriteRefusal @throws SetRefusal */
  async apply(rows: readonly UndoAssessment[]): Promise<void> {
    await this.rows.write(
      rows.flatMap(({ row: { key, revisionId }, assessment }): AssessedRow | [] =>
        revisionId !== undefined && assessment ? { key, revisionId, assessment } : [],
      ),
    );
    await this.rows.remove(
      rows.flatMap(({ row }) => (row.revisionId === undefined && !row.isGone ? row : [])),
    );
  }

  /** Frees a row's value of a unique key for another row. @returns whether the value is free now */
  park(row: UndoRow, unique: UniqueKey): Promise<boolean> {
    return this.rows.park(row, unique);
  }

  /**
   * An obstacle in the shape of `UndoConflictError`.
   *
   * @param reading reads the row's newest revision; by default in the transaction of the undo
   */
  async conflictOf(
    row: UndoRow,
    { problem, remedy, values }: Obstacle,
    reading = this.write.reading,
  ): Promise<RestoreConflict> {
    const text = row.revisionId === undefined ? problem : `${this.nameOf(row)}: ${problem}`;
    return {
      ...(await this.conflict(row, text, reading)),
      ...(remedy && { remedy }),
      ...(values && { values }),
    };
  }

  private async changedSince(row: TransactionRow, own: number, newer: number): Promise<RestoreConflict> {
    const problem = `${this.nameOf(row)} has changed since, in version ${newer}`;
    return {
      ...(await this.conflict(row, problem)),
      version: own,
      changedSince: await revisionsSince(this.revisionsOf(row), own),
    };
  }

  private withoutStateBefore(row: TransactionRow): Promise<RestoreConflict> {
    return this.conflict(row, `the history of ${this.nameOf(row)} does not have its state before`);
  }

  private async conflict(row: TransactionRow, problem: string, reading?: Reading): Promise<RestoreConflict> {
    const newest = await this.revisionsOf(row, reading).newest();
    const {
      entity,
      entityId: id,
      version,
    } = newest ?? { entity: row.plan.name, entityId: keyLabel(row.key) };
    return { entity, id, problem, ...(version !== undefined && { version }) };
  }

  private revisionsOf(
    { plan, key }: TransactionRow,
    reading = this.write.reading,
  ): RowRevisions<ObjectLiteral> {
    return new RowRevisions(reading, plan, key);
  }

  private nameOf({ plan, key }: TransactionRow): string {
    return `${plan.metadata.name} ${keyLabel(key)}`;
  }
}

/** The columns of a foreign key that may be null for a while: one is enough to refer to nothing. */
export function nullableOf({ columns }: ForeignKeyMetadata): ColumnMetadata[] {
  return columns.filter(({ isNullable, isPrimary }) => isNullable && !isPrimary);
}
