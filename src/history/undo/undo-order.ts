import { type EntityMetadata } from 'typeorm';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type RestoreConflict, UndoConflictError } from '../../audit.errors.js';
import { type Key } from '../../dialect/keys/key.js';
import { type Obstacle } from '../restore/obstacle.js';
import { WriteRefusal } from '../restore/explain-refusal.js';
import { nullableOf, type UndoAssessment, type UndoRow, type UndoTable } from './undo-table.js';
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

/** A row that keeps waiting, and what is in its way. */
interface ObstructedRow {
  readonly row: UndoRow;
  readonly obstacles: readonly Obstacle[];
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
 * go first. If rows wait for each other in a circle, as after a swap, one of them is parked. Rows that refer to each
 * other come back without these references first.
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
    this.waiting = new Map(rows.map((row) => [nameOf(row.plan.metadata, row.key), row]));
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
      const left = await this.applyEach();
      if (this.waiting.size === before && !(await this.loosen()))
        throw new UndoConflictError(this.transaction, await conflictsOf(left));
    }
  }

  private waitingByTable(): Map<UndoTable, UndoRow[]> {
    const tables = new Map<UndoTable, UndoRow[]>();
    for (const row of this.waiting.values()) {
      const rows = tables.get(row.table);
      if (rows) rows.push(row);
      else tables.set(row.table, [row]);
    }
    return tables;
  }

  /** Writes the rows with nothing in their way. */
  private async applyFree(): Promise<void> {
    for (const [table, rows] of this.waitingByTable()) {
      const assessed = await table.assess(rows, false);
      await this.write(
        table,
        assessed.filter(({ obstacles }) => obstacles.length === 0),
      );
    }
  }

  /** Tries the waiting rows one by one. @returns those that keep waiting, with their obstacles */
  private async applyEach(): Promise<ObstructedRow[]> {
    const left: ObstructedRow[] = [];
    for (const row of [...this.waiting.values()])
      if (this.isWaiting(row)) {
        const obstacles = await this.apply(row);
        if (obstacles.length > 0) left.push({ row, obstacles });
      }
    return left;
  }

  /**
   * Loosens the waiting rows that refer to each other, where their references may be null for a while.
   *
   * @returns whether it has loosened one
   */
  private async loosen(): Promise<boolean> {
    let isLoosened = false;
    for (const [table, rows] of this.waitingByTable())
      for (const assessed of await table.assess(rows, false)) {
        const { row, obstacles } = assessed;
        const dangling = obstacles.flatMap((obstacle) => obstacle.dangling ?? []);
        const isOnlyDangling = dangling.length > 0 && dangling.length === obstacles.length;
        if (isOnlyDangling && row.isGone && dangling.every(mayBeNull))
          isLoosened = (await table.loosen(assessed, dangling)) || isLoosened;
        for (const { referring } of obstacles) {
          const other =
            referring && this.waiting.get(nameOf(referring.foreignKey.entityMetadata, referring.key));
          if (other && mayBeNull(referring.foreignKey))
            isLoosened =
              (await other.table.loosen({ row: other, obstacles }, [referring.foreignKey])) || isLoosened;
        }
      }
    return isLoosened;
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
        error instanceof WriteRefusal
          ? this.waiting.get(nameOf(table.plan.metadata, error.row.key))
          : undefined;
      throw refused ? new UndoRefusal(refused, error as WriteRefusal) : error;
    }
    for (const { row } of assessed) this.waiting.delete(nameOf(row.plan.metadata, row.key));
  }

  private holderOf({ plan }: UndoRow, { holder }: Obstacle): WaitingHolder | undefined {
    const row = holder && this.waiting.get(nameOf(plan.metadata, holder.key));
    return row && { row, unique: holder.unique };
  }

  private isWaiting({ plan, key }: UndoRow): boolean {
    return this.waiting.has(nameOf(plan.metadata, key));
  }
}

function isUnmoved({ holder }: Obstacle, unmoved: ReadonlySet<UniqueKey>): boolean {
  return holder !== undefined && unmoved.has(holder.unique);
}

function nameOf({ tablePath }: EntityMetadata, key: Key): string {
  return JSON.stringify([tablePath, ...key]);
}

function mayBeNull(foreignKey: ForeignKeyMetadata): boolean {
  return nullableOf(foreignKey).length > 0;
}

async function conflictsOf(left: readonly ObstructedRow[]): Promise<RestoreConflict[]> {
  const conflicts: RestoreConflict[] = [];
  for (const { row, obstacles } of left)
    for (const obstacle of obstacles) conflicts.push(await row.table.conflictOf(row, obstacle));
  return conflicts;
}
