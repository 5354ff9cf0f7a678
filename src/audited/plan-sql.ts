import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Dialect } from '../dialect/dialect.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { keysEqual } from '../dialect/keys/keys-equal.js';
import { type KeyTable } from '../dialect/keys/key.js';
import { maskedLike } from '../dialect/masks/mask.js';
import { tableName } from '../dialect/catalogue/table-name.js';
import { type AuditPlan, type PlanColumn } from './audit-plan.js';
import { maskedColumn } from './masks/mask-key.js';
import { comparedValue, isBlind, recordedValue } from './shapes/recorded-value.js';

/** SQL for the n-th column of a key. */
export type KeyExpression = (n: number) => string;

/** Whether the row of the audited table exists or is gone. */
export type RowState = 'live' | 'gone';

/**
 * Names and conditions for the statements about one plan.
 *
 * The aliases: `t` is a row of the audited table, `p` its newest revision, and `k` a table of keys.
 */
export class PlanSql {
  readonly dialect: Dialect;
  readonly table: string;
  readonly revisions: string;

  constructor(
    readonly dataSource: DataSource,
    readonly plan: AuditPlan,
  ) {
    this.dialect = dialectOf(dataSource);
    this.table = tableName(dataSource, plan.metadata);
    this.revisions = tableName(dataSource, plan.revision);
  }

  column({ databaseName }: Pick<ColumnMetadata, 'databaseName'>): string {
    return this.dataSource.driver.escape(databaseName);
  }

  /** The key in the parameters `k0`, `k1`, … */
  readonly givenKey: KeyExpression = (n) => this.dialect.keys.value(`{{k${n}}}`, this.plan.keys[n].source);

  /** The key of the row `t`, in the types of the revision table. */
  readonly liveKey = this.keyOfCopy((n) => `t.${this.column(this.plan.keys[n])}`);

  /** A key in the types of the revision table. */
  keyOfCopy(key: KeyExpression): KeyExpression {
    return (n) => this.dialect.types.toCopy(key(n), this.plan.keys[n].source);
  }

  /** Condition: the row or revision under an alias has this key. */
  hasKey(alias: string, key: KeyExpression): string {
    return keysEqual(
      this.plan.keys.map((column) => this.column(column)),
      alias,
      key,
    );
  }

  /** Condition: a revision is the newest of this key. */
  isNewest(alias: string, key: KeyExpression, version = this.newestVersion(key)): string {
    return `${this.hasKey(alias, key)} AND ${alias}.rev_version = ${version}`;
  }

  /** Condition: the row `t` has a history. */
  get hasHistory(): string {
    return `EXISTS (SELECT 1 FROM ${this.revisions} p WHERE ${this.hasKey('p', this.liveKey)})`;
  }

  /**
   * A value, the first of a SELECT list, that holds the revision table for an INSERT to come, where the database needs
   * that. The first, because tables are held in the order of the text.
   */
  holding(value: string): string {
    const condition = this.dialect.locks.holding?.(this.revisions);
    return condition ? `CASE WHEN ${condition} THEN ${value} END` : value;
  }

  newestVersion(key: KeyExpression): string {
    return `(SELECT m.rev_version ${this.fromNewest(key)})`;
  }

  /** Joins the newest revision `p` of this key, if it has one. */
  joinNewest(key: KeyExpression): string {
    return (
      this.dialect.sql.leftJoinLateral?.(`SELECT * ${this.fromNewest(key)}`, 'p') ??
      `LEFT JOIN ${this.revisions} p ON ${this.isNewest('p', key)}`
    );
  }

  // With max() MariaDB would read all versions, unless the key is a constant.
  private fromNewest(key: KeyExpression): string {
    return (
      `FROM ${this.revisions} m WHERE ${this.hasKey('m', key)} ` +
      `ORDER BY m.rev_version DESC ${this.dialect.sql.limit(1)}`
    );
  }

  /** The rows `t` of a key table, for FROM. */
  rowsOf(keys: KeyTable): string {
    return `${keys.sql} ${this.dialect.sql.leadingJoin} ${this.table} t${keys.lookup ?? ''} ON ${this.hasKey('t', (n) => keys.key(n))}`;
  }

  /**
   * Condition: the revision `p` doesn't show the state of the row, so the row needs another revision.
   *
   * @param setsBlind whether the write gives values to columns that a revision may not tell
   */
  isNews(row: RowState, setsBlind?: boolean): string {
    if (row === 'gone') return '(p.rev_id IS NULL OR NOT p.rev_isdelete)';
    const blind = setsBlind
      ? this.plan.columns.flatMap((column) => isBlind(this.plan, 'p', column) ?? [])
      : [];
    return `(${['p.rev_id IS NULL', 'p.rev_isdelete', this.differs('p'), ...new Set(blind)].join(' OR ')})`;
  }

  /**
   * Condition: the row `t` differs from a revision in one of the columns. Masked values are compared as masked. A value
   * that the revision doesn't tell doesn't differ.
   */
  differs(revision: string, columns: readonly PlanColumn[] = this.plan.columns): string {
    if (columns.length === 0) return '1 = 0';
    const compared = new Map(columns.map((column) => [column.mask ? column.copy : column.source, column]));
    const live = (column: ColumnMetadata): string => this.liveLike(compared.get(column)!, revision);
    return this.dialect.types.differ([...compared.keys()], live, (column) => {
      const planned = compared.get(column)!;
      const stored = comparedValue(this.dataSource, this.plan, revision, planned);
      const value = this.plan.narrowed.has(planned.databaseName)
        ? this.dialect.types.narrowed(stored, planned.source)
        : stored;
      // The SQL of an application's mask returns text in one character set. An older copy may have another one.
      const comparable = typeof planned.mask === 'function' ? this.dialect.masks.asText(value) : value;
      const blind = isBlind(this.plan, revision, planned);
      if (!blind) return comparable;
      const same = planned.mask ? live(column) : this.dialect.types.toCopy(live(column), column);
      return `CASE WHEN ${blind} THEN ${same} ELSE ${comparable} END`;
    });
  }

  /** The value of a column in the revision under an alias, as far as it is known. */
  recorded(alias: string, column: PlanColumn): string {
    return recordedValue(this.dataSource, this.plan, alias, column);
  }

  /** A value of the row `t` for the comparison with a revision: masked under the mask key of the revision's value. */
  liveLike(column: PlanColumn, revision: string): string {
    const value = `t.${this.column(column)}`;
    const hidden = maskedColumn(this.dataSource, column);
    return hidden ? maskedLike(this.dialect, hidden, value, `${revision}.${this.column(column)}`) : value;
  }

  /** The columns with ON UPDATE that aren't written. An UPDATE assigns each to itself, so that it keeps its value. */
  keptOnUpdate(written: readonly PlanColumn[]): string[] {
    return this.plan.metadata.columns
      .filter((column) => column.onUpdate && !written.some(({ source }) => source === column))
      .map((column) => this.column(column));
  }
}
