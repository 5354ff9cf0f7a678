import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { PlanSql } from '../../audited/plan-sql.js';
import { isBlind } from '../../audited/shapes/recorded-value.js';
import { type Key } from '../../dialect/keys/key.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { type UniqueKey } from './unique-keys.js';

/** Runs a template of `RestoreSql` for one row. */
export type RestoreQuery = (template: string, values: Record<string, unknown>) => Promise<ObjectLiteral[]>;

/**
 * The SQL that restores a row `t` to a revision `r` inside the database. Its parameters are `id` (the `rev_id`) and
 * `k0`, `k1`, … (the key).
 */
export class RestoreSql extends PlanSql {
  /** @param only the columns that take the revision's values. The others keep the row's. By default all. */
  constructor(
    dataSource: DataSource,
    plan: AuditPlan,
    readonly only?: readonly PlanColumn[],
  ) {
    super(dataSource, plan);
  }

  /** What `after()` reads from: the revision `r`, and with `only` its row `t`. */
  get origin(): string {
    return this.only ? `${this.revisions} r JOIN ${this.table} t ON ${this.isRow}` : `${this.revisions} r`;
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
    return this.hasKey('t', this.givenKey);
  }

  get isRevision(): string {
    return `r.rev_id = ${this.dialect.types.value('{{id}}', 'uuid')}`;
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

  /** SELECT list of the key columns, each in a form that loses nothing (mostly text). */
  keyList(columns: readonly ColumnMetadata[], alias: string): string {
    return columns
      .map((column, n) => `${this.dialect.keys.read(`${alias}.${this.column(column)}`, column)} AS key${n}`)
      .join(', ');
  }
}

/** The values of the parameters `k0`, `k1`, … */
export function keyValues(key: Key): Record<string, unknown> {
  return Object.fromEntries(key.map((value, n) => [`k${n}`, value]));
}

/** The key in a result row of `RestoreSql.keyList()`. */
export function keyIn(row: ObjectLiteral, columns: readonly unknown[]): Key {
  return columns.map((_, n) => row[`key${n}`] as unknown);
}
