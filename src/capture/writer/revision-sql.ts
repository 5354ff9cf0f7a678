import { type PlanColumn } from '../../audited/audit-plan.js';
import { maskedColumn } from '../../audited/masks/mask-key.js';
import { type KeyExpression, PlanSql, type RowState } from '../../audited/plan-sql.js';
import { masked, maskedAnew } from '../../dialect/masks/mask.js';
import { type NewestRevision } from '../../dialect/keys/key.js';
import { REVISION_COLUMNS, type RevisionColumns } from '../../revision/revision-columns.js';

/** How a statement gets each row's newest revision. */
export type Newest =
  /** The INSERT looks for it: two probes of the (key, version) index. */
  | 'sought'
  /** A plain SELECT has found it before, so the INSERT reads only that index entry and takes no gap lock. */
  | 'given'
  /** There is none: the rows are new, or assumed to be new. */
  | 'none';

/** How rows are recorded. */
export interface Recording {
  readonly rows: RowState;
  readonly newest: Newest;
  /** Whether the history decides the operation: an insert without a history, else an update. */
  readonly upsert: boolean;
  /** Whether the write gives values to columns that a revision of another shape doesn't tell: see `isNews()`. */
  readonly setsBlind?: boolean;
}

const SOUGHT: NewestRevision = {
  id: 'p.rev_id',
  version: 'p.rev_version',
  created: 'p.rev_created',
  isDeleted: 'p.rev_isdelete',
};

/** The SQL that inserts the revisions of one plan. */
export class RevisionSql extends PlanSql {
  /** `INSERT INTO … SELECT …`, up to FROM. */
  insert(recording: Recording, id: string, key: KeyExpression, newest = SOUGHT): string {
    const own = this.ownValues(recording, id, newest);
    const copies =
      recording.rows === 'live' ? this.liveCopies(recording, newest) : this.goneCopies(recording, key);
    const names = Object.keys(own).map((property) => REVISION_COLUMNS[property as keyof RevisionColumns]);
    const columns = [...names, ...copies.map(([column]) => this.column(column))];
    const values = [...Object.values(own), ...copies.map(([, value]) => value)];
    return `INSERT INTO ${this.revisions} (${columns.join(', ')}) SELECT ${values.join(', ')}`;
  }

  /** The unique columns of a revision table: key and version. */
  get uniqueColumns(): string[] {
    return [...this.plan.keys.map((column) => this.column(column)), REVISION_COLUMNS.revVersion];
  }

  /** Whether a revision copies values of the newest revision: deletes do, with `deletedState: 'last'`. */
  copiesNewest({ rows, newest }: Recording): boolean {
    return rows === 'gone' && newest !== 'none' && this.plan.deletedState === 'last';
  }

  /** Condition: no row has this key. Left out on databases where looking for a missing row takes a gap lock. */
  isGone(key: KeyExpression): string[] {
    return this.dialect.locks.locksGaps
      ? []
      : [`NOT EXISTS (SELECT 1 FROM ${this.table} t WHERE ${this.hasKey('t', key)})`];
  }

  private liveCopies({ newest }: Recording, { id }: NewestRevision): (readonly [PlanColumn, string])[] {
    return this.plan.columns.map((column) => {
      const name = this.column(column);
      const value = `t.${name}`;
      const hidden = maskedColumn(this.dataSource, column);
      if (!hidden) return [column, this.dialect.types.toCopy(value, column.source)];
      if (newest === 'none') return [column, masked(this.dialect, hidden, value)];
      // A lookup by id reads one index entry and locks no gap.
      const older =
        newest === 'sought'
          ? `p.${name}`
          : `(SELECT q.${name} FROM ${this.revisions} q WHERE q.rev_id = ${id})`;
      return [column, maskedAnew(this.dialect, hidden, value, older)];
    });
  }

  private goneCopies(recording: Recording, key: KeyExpression): (readonly [PlanColumn, string])[] {
    const { keys, columns } = this.plan;
    const lastState = this.copiesNewest(recording) ? columns.filter((column) => !keys.includes(column)) : [];
    return [
      ...keys.map((column, n) => [column, this.keyOfCopy(key)(n)] as const),
      ...lastState.map((column) => [column, this.recorded('p', column)] as const),
    ];
  }

  private ownValues(
    { rows, newest, upsert }: Recording,
    id: string,
    before: NewestRevision,
  ): Record<keyof RevisionColumns, string> {
    const { dialect } = this;
    const created = dialect.types.value('{{now}}', 'time');
    const follows = newest !== 'none';
    const upserted = follows
      ? `CASE WHEN ${before.version} IS NULL OR ${before.isDeleted} THEN 'insert' ELSE 'update' END`
      : "'insert'";
    return {
      revId: id,
      // At least a microsecond later than the revision before, whatever the clocks say.
      revCreated: follows
        ? dialect.sql.greatest(created, `coalesce(${before.created} + 0.000001, 0)`)
        : created,
      revIsDelete: rows === 'gone' ? 'TRUE' : 'FALSE',
      revVersion: follows ? `coalesce(${before.version}, 0) + 1` : '1',
      revOperation: upsert ? upserted : dialect.types.value('{{operation}}', 'text'),
      revActor: dialect.types.value('{{actor}}', 'text'),
      revReason: dialect.types.value('{{reason}}', 'text'),
      revTransaction: dialect.types.value('{{transaction}}', 'uuid'),
      revContext: dialect.types.value('{{context}}', 'json'),
      revShape: String(this.plan.shape),
    };
  }
}
