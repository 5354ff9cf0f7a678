import { type RestoreConflict, UndoConflictError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type Obstacle } from '../restore/obstacle.js';
import { WriteRefusal } from '../restore/explain-refusal.js';
import { type UndoRow } from './undo-rows.js';
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
 * Puts rows back in the order that foreign and unique keys demand.
 *
 * It starts with the reverse order of the transaction, which mostly fits. A row that the database had deleted or set
 * by a foreign key action may come too early and waits for a later round. A row whose unique value is held by another
 * row of the undo lets that row go first. If rows wait for each other in a circle, as after a swap, one of them is
 * parked.
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
    this.waiting = new Map(rows.map((row) => [nameOf(row.written.plan, row.written.key), row]));
  }

  /** @throws UndoConflictError @throws UndoRefusal */
  async applyAll(): Promise<void> {
    while (this.waiting.size > 0) {
      const before = this.waiting.size;
      const conflicts: RestoreConflict[] = [];
      for (const row of [...this.waiting.values()])
        if (this.isWaiting(row))
          conflicts.push(...(await this.apply(row)).map((obstacle) => row.conflictWith(obstacle)));
      if (this.waiting.size === before) throw new UndoConflictError(this.transaction, conflicts);
    }
  }

  /** @returns the obstacles; if there are any, the row keeps waiting */
  private async apply(row: UndoRow): Promise<readonly Obstacle[]> {
    this.begun.add(row);
    try {
      const unmoved = new Set<UniqueKey>();
      for (;;) {
        const obstacles = await row.obstacles();
        const certain = obstacles.filter(
          (obstacle) =>
            row.isCertain(obstacle) && !this.holderOf(row, obstacle) && !isUnmoved(obstacle, unmoved),
        );
        if (certain.length > 0) return certain;
        const holders = obstacles.flatMap((obstacle) => {
          const holder = this.holderOf(row, obstacle);
          return holder && !unmoved.has(holder.unique) ? [{ ...holder, obstacle }] : [];
        });
        if (holders.length === 0) break;
        for (const { obstacle, ...holder } of holders)
          if (!(await this.makeWay(holder))) {
            // A deferred constraint may be violated until the COMMIT.
            if (!holder.unique.isDeferred) return [obstacle];
            unmoved.add(holder.unique);
          }
      }
      await this.write(row);
      return [];
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
    return row.park(unique);
  }

  private async write(row: UndoRow): Promise<void> {
    try {
      await row.apply();
    } catch (error) {
      throw error instanceof WriteRefusal ? new UndoRefusal(row, error) : error;
    }
    this.waiting.delete(nameOf(row.written.plan, row.written.key));
  }

  private holderOf({ written }: UndoRow, { holder }: Obstacle): WaitingHolder | undefined {
    const row = holder && this.waiting.get(nameOf(written.plan, holder.key));
    return row && { row, unique: holder.unique };
  }

  private isWaiting({ written }: UndoRow): boolean {
    return this.waiting.has(nameOf(written.plan, written.key));
  }
}

function isUnmoved({ holder }: Obstacle, unmoved: ReadonlySet<UniqueKey>): boolean {
  return holder !== undefined && unmoved.has(holder.unique);
}

function nameOf({ metadata }: AuditPlan, key: Key): string {
  return JSON.stringify([metadata.tablePath, ...key]);
}
