import { type DataSource } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type KeyReader } from '../rows/key-reader.js';
import { isRecordable } from '../tables/pending-tables.js';
import { type Unit } from '../unit/unit.js';
import { type RowsToChange } from '../write/write.js';
import { TableStatements } from '../writer/table-statements.js';
import { type Recordable } from '../writer/table-write.js';
import { CompleteTables } from './complete-tables.js';
import { BaselineInserts } from './insert-baselines.js';

/**
 * Records rows that were there before they were audited: each as it is, before a write changes or deletes it for the
 * first time. Nobody knows who made the row, so the revision has no actor.
 */
export class Baselines {
  readonly complete: CompleteTables;
  private readonly inserts: BaselineInserts;

  constructor(dataSource: DataSource, dialect: Dialect, keyReader: KeyReader) {
    this.complete = new CompleteTables(dataSource);
    this.inserts = new BaselineInserts(new TableStatements(dataSource, dialect), dialect, keyReader);
  }

  /** Whether rows of a table may lack a history. */
  mayBeDue(plan: AuditPlan | undefined): boolean {
    return plan !== undefined && plan.baseline !== 'none' && !this.complete.has(plan);
  }

  /**
   * Whether rows of a table may lack a history, for a unit that is about to write to it. Looks from time to time. An
   * insert has to ask too: the table may be empty now, and too large for a look at the first update.
   */
  async isDue({ queryRunner, isSerializable }: Unit, plan: AuditPlan | undefined): Promise<boolean> {
    if (!plan || !this.mayBeDue(plan)) return false;
    const recordable = isRecordable(queryRunner, plan);
    if (recordable !== true && !(await recordable)) return false;
    return !(await this.complete.isComplete(queryRunner, plan, isSerializable));
  }

  /** `isDue()` as the first thing that a unit does: what it reads leaves no snapshot. */
  async isDueAtFirst(unit: Unit, plan: AuditPlan | undefined): Promise<boolean> {
    if (!plan || !this.mayBeDue(plan)) return false;
    const looks = this.complete.isLookDue(plan);
    const isDue = await this.isDue(unit, plan);
    if (looks) await unit.renewSnapshot();
    return isDue;
  }

  /**
   * Records the rows that have no history, as they are before the unit's write.
   *
   * @param areAll whether the unit's transaction reads and changes no other rows
   */
  async record(unit: Unit, rows: readonly RowsToChange[], areAll = false): Promise<void> {
    for (const each of rows) {
      const isEmpty = 'length' in each.keys && each.keys.length === 0;
      if (!isEmpty && (await this.isDue(unit, each.plan)))
        await this.recordRows(unit, each, areAll && rows.length === 1);
    }
  }

  private async recordRows(unit: Unit, rows: RowsToChange, areAll: boolean): Promise<void> {
    const written = await this.inserts.insert(unit, firstOf(unit, rows), rows, areAll);
    if (written > 0) unit.noteBaselines(rows.plan);
  }
}

function firstOf({ revTransaction }: Unit, { plan }: RowsToChange): Recordable {
  return {
    plan,
    operation: 'baseline',
    keys: [],
    actor: null,
    reason: null,
    context: null,
    onBehalf: null,
    action: null,
    request: null,
    transaction: revTransaction,
    // It comes with the write's own revision, and has its context.
    changeset: undefined,
  };
}
