import { type DataSource } from 'typeorm';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { maskedColumn } from '../../audited/masks/mask-key.js';
import { type Dialect } from '../../dialect/dialect.js';
import { masked, maskedAnew, maskedLike } from '../../dialect/masks/mask.js';
import { type NewestRevision } from '../../dialect/sql/revision-blocks.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { REVISION_COLUMNS, type RevisionColumns } from '../../revision/revision-columns.js';

/** How a statement gets at each row's newest revision. */
export type Newest =
  /** It looks: two probes of the (key, version) index. */
  | 'sought'
  /** A plain SELECT has found it before, so that the INSERT reads no more than its record, and no gap beside it. */
  | 'given'
  /** There is none: the rows are new, or taken to be. */
  | 'none';

/** What is recorded of rows, and how. */
export interface Recording {
  /** Whether the rows are copied as they are now, or recorded as no longer there. */
  readonly rows: 'live' | 'gone';
  readonly newest: Newest;
  /** Whether the operation is told from the history: an insert where there is none, else an update. */
  readonly upsert: boolean;
}

const SOUGHT: NewestRevision = {
  id: 'p.rev_id',
  version: 'p.rev_version',
  created: 'p.rev_created',
  isDeleted: 'p.rev_isdelete',
};

/** Expressions for the n-th key column of the rows in question. */
export type KeyExpression = (n: number) => string;

/**
 * The parts that statements about one audited table are put together from, under the aliases t (the row), p (its
 * newest revision) and k (a table of keys).
 */
export class RevisionSql {
  readonly table: string;
  readonly revisions: string;

  constructor(
    private readonly dataSource: DataSource,
    readonly dialect: Dialect,
    readonly plan: AuditPlan,
  ) {
    this.table = tableName(dataSource, plan.metadata);
    this.revisions = tableName(dataSource, plan.revision);
  }

  column({ databaseName }: Pick<PlanColumn, 'databaseName'>): string {
    return this.dataSource.driver.escape(databaseName);
  }

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

  /** The columns of a key and version, of which a table has one revision. */
  get uniqueColumns(): string[] {
    return [...this.plan.keys.map((column) => this.column(column)), REVISION_COLUMNS.revVersion];
  }

  /** Whether what is recorded needs the values of the newest revision. */
  copiesNewest({ rows, newest }: Recording): boolean {
    return rows === 'gone' && newest !== 'none' && this.plan.deletedState === 'last';
  }

  /** The key of the row t, as its revisions have it. */
  readonly liveKey = this.copiedKey((n) => `t.${this.column(this.plan.keys[n])}`);

  /** A key as its revisions have it, whose columns may be of other types. */
  copiedKey(key: KeyExpression): KeyExpression {
    return (n) => this.dialect.copied(key(n), this.plan.keys[n].source);
  }

  /** The row t is the one with this key. */
  isRow(key: KeyExpression): string {
    return this.plan.keys.map((column, n) => `t.${this.column(column)} = ${key(n)}`).join(' AND ');
  }

  /** The row with this key is no longer there; not asked where a look at what isn't there locks it. */
  isGone(key: KeyExpression): string[] {
    return this.dialect.locksGaps
      ? []
      : [`NOT EXISTS (SELECT 1 FROM ${this.table} t WHERE ${this.isRow(key)})`];
  }

  /** A revision is the newest of this key. */
  isNewest(alias: string, key: KeyExpression, version = this.newestVersion(key)): string {
    return `${this.isOf(alias, key)} AND ${alias}.rev_version = ${version}`;
  }

  /** Joins the newest revision p of this key, if it has one. */
  joinNewest(key: KeyExpression): string {
    return this.dialect.hasLateral
      ? `LEFT JOIN LATERAL (SELECT * FROM ${this.revisions} m WHERE ${this.isOf('m', key)} ` +
          'ORDER BY m.rev_version DESC LIMIT 1) p ON TRUE'
      : `LEFT JOIN ${this.revisions} p ON ${this.isNewest('p', key)}`;
  }

  newestVersion(key: KeyExpression): string {
    // For max() MariaDB would read all versions, unless the key is a constant.
    return (
      `(SELECT m.rev_version FROM ${this.revisions} m WHERE ${this.isOf('m', key)} ` +
      'ORDER BY m.rev_version DESC LIMIT 1)'
    );
  }

  /** The row differs from what was recorded last. */
  isNews({ rows }: Pick<Recording, 'rows'>): string {
    return rows === 'gone'
      ? '(p.rev_id IS NULL OR NOT p.rev_isdelete)'
      : `(p.rev_id IS NULL OR p.rev_isdelete OR ${this.differs()})`;
  }

  /** The row t has other values than the revision p. */
  differs(): string {
    // What is masked compares as its copy has it.
    const compared = new Map(
      this.plan.columns.map((column) => [column.mask ? column.copy : column.source, column]),
    );
    return this.dialect.differ(
      [...compared.keys()],
      (column) => this.liveLike(compared.get(column)!, 'p'),
      (column) => {
        const value = `p.${this.column(column)}`;
        // What SQL of the application's has made is text of one character set, and an older copy may have another.
        return typeof compared.get(column)!.mask === 'function' ? this.dialect.asText(value) : value;
      },
    );
  }

  /** A value of the row t as it compares with that of a revision: what its mask makes of it, under the same key. */
  liveLike(column: PlanColumn, revision: string): string {
    const value = `t.${this.column(column)}`;
    const hidden = maskedColumn(this.dataSource, column);
    return hidden ? maskedLike(this.dialect, hidden, value, `${revision}.${this.column(column)}`) : value;
  }

  /** A revision is one of this key. */
  isOf(alias: string, key: KeyExpression): string {
    return this.plan.keys.map((column, n) => `${alias}.${this.column(column)} = ${key(n)}`).join(' AND ');
  }

  private liveCopies({ newest }: Recording, { id }: NewestRevision): (readonly [PlanColumn, string])[] {
    return this.plan.columns.map((column) => {
      const name = this.column(column);
      const value = `t.${name}`;
      const hidden = maskedColumn(this.dataSource, column);
      if (!hidden) return [column, this.dialect.copied(value, column.source)];
      if (newest === 'none') return [column, masked(this.dialect, hidden, value)];
      // By its id it is one record, without the gap before it.
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
      ...keys.map((column, n) => [column, this.copiedKey(key)(n)] as const),
      ...lastState.map((column) => [column, `p.${this.column(column)}`] as const),
    ];
  }

  private ownValues(
    { rows, newest, upsert }: Recording,
    id: string,
    before: NewestRevision,
  ): Record<keyof RevisionColumns, string> {
    const { dialect } = this;
    const created = dialect.value('{{now}}', 'time');
    const follows = newest !== 'none';
    const upserted = follows
      ? `CASE WHEN ${before.version} IS NULL OR ${before.isDeleted} THEN 'insert' ELSE 'update' END`
      : "'insert'";
    return {
      revId: id,
      // Later than the last one by a microsecond at least, whatever the clocks say.
      revCreated: follows ? dialect.greatest(created, `coalesce(${before.created} + 0.000001, 0)`) : created,
      revIsDelete: rows === 'gone' ? 'TRUE' : 'FALSE',
      revVersion: follows ? `coalesce(${before.version}, 0) + 1` : '1',
      revOperation: upsert ? upserted : dialect.value('{{operation}}', 'text'),
      revActor: dialect.value('{{actor}}', 'text'),
      revReason: dialect.value('{{reason}}', 'text'),
      revTransaction: dialect.value('{{transaction}}', 'uuid'),
      revContext: dialect.value('{{context}}', 'json'),
    };
  }
}
