import { type RestoreConflict, UndoConflictError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type Obstacle } from '../restore/obstacle.js';
import { WriteRefusal } from '../restore/explain-refusal.js';
import { type UndoAssessment, type UndoRow, type UndoTable } from './undo-table.js';
import { type UniqueKey } from '../restore/unique-keys.js';

/** The database refused the write of this row. */
export class UndoRefusal extends Error {
  constructor(
    readonly row: UndoRow,
    readonly refused: WriteRefusal,
  ) {
    super(refused.message, { cause: refused.cause });
  }
}

/** A row of the undo that holds a unique value which another row of the undo needs. */
interface WaitingHolder {
  readonly row: UndoRow;
  readonly unique: UniqueKey;
}

/**
 * How often the free rows are written as sets before the others are looked at one by one. Each time frees at least the
 * next row of a chain in which each row refers to the next one.
 */
const MOST_SETS = 20;

/**
 * Puts rows back in the order that foreign and unique keys demand.
 *
 * Rows with nothing in their way are written together, table by table. The others are tried one by one, in the reverse
 * order of the transaction, which mostly fits. A row that the database had deleted or set by a foreign key action may
 * come too early and waits for a later round. A row whose unique value is held by another row of the undo lets that row
 * go first. If rows wait for each other in a circle, as after a swap, one of them is parked.
 */
export class UndoOrder {
  private readonly waiting: Map<string, UndoRow>;
  /** Rows on the stack of `apply()`, waiting for other rows. */
  private readonly begun = new Set<UndoRow>();
  private readonly parked = new Map<UndoRow, Set<UniqueKey>>();

  constructor(
    private readonly transaction: string,
    rows: readonly UndoRow[],
  ) {
    this.waiting = new Map(rows.map((row) => [nameOf(row.plan, row.key), row]));
  }

  /** @throws UndoConflictError @throws UndoRefusal @throws SetRefusal */
  async applyAll(): Promise<void> {
    while (this.waiting.size > 0) {
      const before = this.waiting.size;
      for (let sets = 0; sets < MOST_SETS; sets++) {
        const left = this.waiting.size;
        await this.applyFree();
        if (this.waiting.size === left) break;
      }
      const conflicts = await this.applyEach();
      if (this.waiting.size === before) throw new UndoConflictError(this.transaction, conflicts);
    }
  }

  /** Writes the rows with nothing in their way. */
  private async applyFree(): Promise<void> {
    const tables = new Map<UndoTable, UndoRow[]>();
    for (const row of this.waiting.values()) {
      const rows = tables.get(row.table);
      if (rows) rows.push(row);
      else tables.set(row.table, [row]);
    }
    for (const [table, rows] of tables) {
      const assessed = await table.assess(rows);
      await this.write(
        table,
        assessed.filter(({ obstacles }) => obstacles.length === 0),
      );
    }
  }

  /** Tries the waiting rows one by one. @returns the obstacles of those that keep waiting */
  private async applyEach(): Promise<RestoreConflict[]> {
    const conflicts: RestoreConflict[] = [];
    for (const row of [...this.waiting.values()])
      if (this.isWaiting(row))
        for (const obstacle of await this.apply(row))
          conflicts.push(await row.table.conflictOf(row, obstacle));
    return conflicts;
  }

  /** @returns the obstacles; if there are any, the row keeps waiting */
  private async apply(row: UndoRow): Promise<readonly Obstacle[]> {
    const { table } = row;
    this.begun.add(row);
    try {
      const unmoved = new Set<UniqueKey>();
      for (;;) {
        const [assessed] = await table.assess([row]);
        const { obstacles } = assessed;
        const certain = obstacles.filter(
          (obstacle) =>
            table.isCertain(obstacle) && !this.holderOf(row, obstacle) && !isUnmoved(obstacle, unmoved),
        );
        if (certain.length > 0) return certain;
        const holders = obstacles.flatMap((obstacle) => {
          const holder = this.holderOf(row, obstacle);
          return holder && !unmoved.has(holder.unique) ? [{ ...holder, obstacle }] : [];
        });
        if (holders.length === 0) {
          await this.write(table, [assessed]);
          return [];
        }
        for (const { obstacle, ...holder } of holders)
          if (!(await this.makeWay(holder))) {
            // A deferred constraint may be violated until the COMMIT.
            if (!holder.unique.isDeferred) return [obstacle];
            unmoved.add(holder.unique);
          }
      }
    } finally {
      this.begun.delete(row);
    }
  }

  private async makeWay({ row, unique }: WaitingHolder): Promise<boolean> {
    if (!this.begun.has(row)) await this.apply(row);
    return !this.isWaiting(row) || this.park(row, unique);
  }

  private async park(row: UndoRow, unique: UniqueKey): Promise<boolean> {
    const before = this.parked.get(row) ?? new Set();
    // Parking a row twice in the same unique key would not help: a trigger may replace the temporary value.
    if (before.has(unique)) return false;
    this.parked.set(row, before.add(unique));
    return row.table.park(row, unique);
  }

  private async write(table: UndoTable, assessed: readonly UndoAssessment[]): Promise<void> {
    try {
      await table.apply(assessed);
    } catch (error) {
      const refused =
        error instanceof WriteRefusal ? this.waiting.get(nameOf(table.plan, error.row.key)) : undefined;
      throw refused ? new UndoRefusal(refused, error as WriteRefusal) : error;
    }
    for (const { row } of assessed) this.waiting.delete(nameOf(row.plan, row.key));
  }

  private holderOf({ plan }: UndoRow, { holder }: Obstacle): WaitingHolder | undefined {
    const row = holder && this.waiting.get(nameOf(plan, holder.key));
    return row && { row, unique: holder.unique };
  }

  private isWaiting({ plan, key }: UndoRow): boolean {
    return this.waiting.has(nameOf(plan, key));
  }
}

function isUnmoved({ holder }: Obstacle, unmoved: ReadonlySet<UniqueKey>): boolean {
  return holder !== undefined && unmoved.has(holder.unique);
}

function nameOf({ metadata }: AuditPlan, key: Key): string {
  return JSON.stringify([metadata.tablePath, ...key]);
}
