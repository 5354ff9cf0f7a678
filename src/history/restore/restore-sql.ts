import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { PlanSql } from '../../audited/plan-sql.js';
import { isBlind } from '../../audited/shapes/recorded-value.js';
import { type Key } from '../../dialect/keys/key.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { type RowTable } from '../revisions/key-tables.js';
import { type UniqueKey } from './unique-keys.js';

/** A row, and what is to become of it. */
export interface RowToRestore {
  /** Driver values. */
  readonly key: Key;
  /** The revision to restore it to; undefined if the row is to be removed. */
  readonly revisionId?: string;
}

/**
 * Runs a template of `RestoreSql` for some rows.
 *
 * @returns the result rows; their `n`, if the template selects it, is the number of the row
 */
export type RestoreQuery = (
  template: string,
  rows: readonly RowToRestore[],
  values?: Readonly<Record<string, unknown>>,
) => Promise<ObjectLiteral[]>;

/**
 * The SQL that restores rows `t` to revisions `r` inside the database. The rows to restore are in the key table `k`.
 */
export class RestoreSql extends PlanSql {
  /** @param only the columns that take the revision's values. The others keep the row's. By default all. */
  constructor(
    dataSource: DataSource,
    plan: AuditPlan,
    readonly rows: RowTable,
    readonly only?: readonly PlanColumn[],
  ) {
    super(dataSource, plan);
  }

  /** The number of a row to restore, from 0, as `n` in a SELECT list. */
  get number(): string {
    return `${this.rows.ordinal} AS n`;
  }

  /** The rows to restore that exist, for FROM. */
  get present(): string {
    const { rows, table, dialect } = this;
    return `${rows.sql} ${dialect.sql.leadingJoin} ${table} t${rows.lookup} ON ${this.isRow}`;
  }

  /** Their revisions, for FROM, whether or not the rows exist. */
  get recordedStates(): string {
    return `${this.rows.sql} ${this.joinRevision}`;
  }

  /** What `after()` reads from: the revision `r`, and with `only` its row `t`. */
  get origin(): string {
    return this.only ? `${this.present} ${this.joinRevision}` : this.recordedStates;
  }

  /** Joins the revision `r` of each row to restore. */
  get joinRevision(): string {
    const { rows, revisions, dialect } = this;
    return `${dialect.sql.leadingJoin} ${revisions} r${rows.revisionLookup} ON r.rev_id = ${rows.revisionId}`;
  }

  /** The value that a column has after the restore, in the types of the revision table. */
  after(column: ColumnMetadata): string {
    return this.isRestored(column)
      ? `r.${this.column(column)}`
      : this.dialect.types.toCopy(`t.${this.column(column)}`, column);
  }

  /** The same value in a form that loses nothing (mostly text). */
  readAfter(column: ColumnMetadata): string {
    return this.dialect.keys.read(`${this.isRestored(column) ? 'r' : 't'}.${this.column(column)}`, column);
  }

  isRestored({ databaseName }: Pick<ColumnMetadata, 'databaseName'>): boolean {
    return !this.only || this.only.some((column) => column.databaseName === databaseName);
  }

  get isRow(): string {
    return this.hasKey('t', (n) => this.rows.key(n));
  }

  fromRevision(column: PlanColumn): string {
    return this.dialect.types.fromCopy(this.recorded('r', column), column.source);
  }

  /** Condition: the revision has no value for the column; undefined if it has one in any case. */
  isWithout(column: PlanColumn): string | undefined {
    const isUntold = isBlind(this.plan, 'r', column);
    const isNull = column.source.isNullable ? undefined : `${this.recorded('r', column)} IS NULL`;
    return isUntold && isNull ? `(${isUntold} OR ${isNull})` : (isUntold ?? isNull);
  }

  /** Condition: the row that the revision refers to by a foreign key no longer exists. */
  isDangling(foreignKey: ForeignKeyMetadata): string {
    const { columns, referencedColumns, referencedEntityMetadata: parent } = foreignKey;
    const own = columns.map((column) => this.after(column));
    const refers = (referenced: (column: ColumnMetadata) => string): string =>
      own.map((value, n) => `${referenced(referencedColumns[n])} = ${value}`).join(' AND ');
    // Converted to the revision's types: its enums are text.
    const exists = `SELECT 1 FROM ${tableName(this.dataSource, parent)} f WHERE ${refers((column) =>
      this.dialect.types.toCopy(`f.${this.column(column)}`, column),
    )}`;
    const isItself =
      parent.tablePath === this.plan.metadata.tablePath
        ? ` AND NOT (${refers((column) => this.after(column))})`
        : '';
    return `${own.map((value) => `${value} IS NOT NULL`).join(' AND ')} AND NOT EXISTS (${exists})${isItself}`;
  }

  /** Condition: another row `o` has the values of a unique key that the row would get. */
  isHolder({ columns }: UniqueKey): string {
    const equal = (value: (column: ColumnMetadata) => string, { source }: PlanColumn): string =>
      `${this.dialect.types.toCopy(`o.${this.column(source)}`, source)} = ${value(source)}`;
    const isEqual = columns.map((column) => equal((source) => this.after(source), column));
    const isItself = this.plan.keys.map((column) => equal((source) => `r.${this.column(source)}`, column));
    return `${isEqual.join(' AND ')} AND NOT (${isItself.join(' AND ')})`;
  }

  isTaken(unique: UniqueKey): string {
    return `EXISTS (SELECT 1 FROM ${this.table} o WHERE ${this.isHolder(unique)})`;
  }

  /** UPDATE of columns with the values of the revisions. */
  update(columns: readonly PlanColumn[]): string {
    const set = columns.map((column): [string, string] => {
      const name = this.column(column);
      // The version column counts on. A repeated number would let a client with an older state overwrite this one.
      return [name, column.source.isVersion ? `t.${name} + 1` : this.fromRevision(column)];
    });
    return this.updateFrom(this.recordedStates, columns, set);
  }

  /** UPDATE of columns with one value. */
  setTo(value: string, columns: readonly PlanColumn[]): string {
    return this.updateFrom(
      this.rows.sql,
      columns,
      columns.map((column) => [this.column(column), value]),
    );
  }

  /** INSERT of the revisions' rows. @param left columns that are null for now */
  insert(columns: readonly PlanColumn[], left: readonly Pick<ColumnMetadata, 'databaseName'>[] = []): string {
    const isLeft = (column: PlanColumn): boolean =>
      left.some(({ databaseName }) => databaseName === column.databaseName);
    const all = [...this.plan.keys, ...columns];
    const values = all.map((column) => (isLeft(column) ? 'NULL' : this.fromRevision(column)));
    return (
      `INSERT INTO ${this.table} (${all.map((column) => this.column(column)).join(', ')})${this.dialect.keys.overriding} ` +
      `SELECT ${values.join(', ')} FROM ${this.recordedStates}`
    );
  }

  private updateFrom(
    source: string,
    columns: readonly PlanColumn[],
    set: readonly (readonly [string, string])[],
  ): string {
    const kept = this.keptOnUpdate(columns).map((name) => [name, `t.${name}`] as const);
    return this.dialect.sql.updateFrom({
      target: this.table,
      lookup: this.rows.lookup,
      source,
      on: this.isRow,
      set: Object.fromEntries([...set, ...kept]),
    });
  }
}

/** SELECT list of the key columns, each in a form that loses nothing (mostly text). */
export function keyList(sql: PlanSql, columns: readonly ColumnMetadata[], alias: string): string {
  return columns
    .map((column, n) => `${sql.dialect.keys.read(`${alias}.${sql.column(column)}`, column)} AS key${n}`)
    .join(', ');
}

/** The key in a result row of `keyList()`. */
export function keyIn(row: ObjectLiteral, columns: readonly unknown[]): Key {
  return columns.map((_, n) => row[`key${n}`] as unknown);
}
