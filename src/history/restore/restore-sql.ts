import { type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type PlanColumn } from '../../audited/audit-plan.js';
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
    const own = columns.map((column) => `r.${this.column(column)}`);
    const refers = (referenced: (column: ColumnMetadata) => string): string =>
      own.map((value, n) => `${referenced(referencedColumns[n])} = ${value}`).join(' AND ');
    // Converted to the revision's types: its enums are text.
    const exists = `SELECT 1 FROM ${tableName(this.dataSource, parent)} f WHERE ${refers((column) =>
      this.dialect.types.toCopy(`f.${this.column(column)}`, column),
    )}`;
    const isItself =
      parent.tablePath === this.plan.metadata.tablePath
        ? ` AND NOT (${refers((column) => `r.${this.column(column)}`)})`
        : '';
    return `${own.map((value) => `${value} IS NOT NULL`).join(' AND ')} AND NOT EXISTS (${exists})${isItself}`;
  }

  /** Condition: another row `o` has the revision's values of a unique key. */
  isHolder({ columns }: UniqueKey): string {
    const equal = ({ source }: PlanColumn): string =>
      `${this.dialect.types.toCopy(`o.${this.column(source)}`, source)} = r.${this.column(source)}`;
    return `${columns.map(equal).join(' AND ')} AND NOT (${this.plan.keys.map(equal).join(' AND ')})`;
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

/** The key in a result row of `RestoreSql.keyList()`. */
export function keyIn(row: ObjectLiteral, columns: readonly unknown[]): Key {
  return columns.map((_, n) => row[`key${n}`] as unknown);
}
