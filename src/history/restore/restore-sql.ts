import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { type Dialect } from '../../dialect/dialect.js';
import { type Key } from '../../dialect/keys/key.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { classesOf, type UniqueKey } from './unique-keys.js';

/** Runs a template of `RestoreSql` on a row. */
export type RestoreQuery = (template: string, values: Record<string, unknown>) => Promise<ObjectLiteral[]>;

/**
 * The parts of statements that bring a row back from a revision inside the database, under the aliases t (the row)
 * and r (the revision). Their parameters are `id`, the `rev_id`, and `k0`, `k1`, …, the key.
 */
export class RestoreSql {
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

  column({ databaseName }: { databaseName: string }): string {
    return this.dataSource.driver.escape(databaseName);
  }

  /** The row t is the one with the key. */
  get isRow(): string {
    return this.plan.keys
      .map((key, n) => `t.${this.column(key)} = ${this.dialect.keyValue(`{{k${n}}}`, key.source)}`)
      .join(' AND ');
  }

  get isRevision(): string {
    return `r.rev_id = ${this.dialect.value('{{id}}', 'uuid')}`;
  }

  /** The row differs from the revision in one of the columns. */
  differs(columns: readonly PlanColumn[]): string {
    if (columns.length === 0) return '1 = 0';
    return this.dialect.differ(
      columns.map(({ source }) => source),
      (column) => `t.${this.column(column)}`,
      (column) => `r.${this.column(column)}`,
    );
  }

  restored(column: PlanColumn): string {
    return this.dialect.restored(`r.${this.column(column)}`, column.source);
  }

  /** The revision refers by a foreign key to nothing that exists. */
  isDangling(foreignKey: ForeignKeyMetadata): string {
    const { columns, referencedColumns, referencedEntityMetadata: parent } = foreignKey;
    const own = columns.map((column) => `r.${this.column(column)}`);
    const refers = (referenced: (column: ColumnMetadata) => string): string =>
      own.map((value, n) => `${referenced(referencedColumns[n])} = ${value}`).join(' AND ');
    // As a revision has them, whose enums are text.
    const exists = `SELECT 1 FROM ${tableName(this.dataSource, parent)} f WHERE ${refers((column) =>
      this.dialect.copied(`f.${this.column(column)}`, column),
    )}`;
    const isItself =
      parent.tablePath === this.plan.metadata.tablePath
        ? ` AND NOT (${refers((column) => `r.${this.column(column)}`)})`
        : '';
    return `${own.map((value) => `${value} IS NOT NULL`).join(' AND ')} AND NOT EXISTS (${exists})${isItself}`;
  }

  /** Columns with ON UPDATE that an update of others has to assign to themselves, or they would change. */
  keptOnUpdate(written: readonly PlanColumn[]): string[] {
    return this.plan.metadata.columns
      .filter((column) => column.onUpdate && !written.some(({ source }) => source === column))
      .map((column) => this.column(column));
  }

  /** Another row o has the revision's values of a unique key. */
  isHolder({ columns }: UniqueKey): string {
    const equal = ({ source }: PlanColumn): string =>
      `${this.dialect.copied(`o.${this.column(source)}`, source)} = r.${this.column(source)}`;
    return `${columns.map(equal).join(' AND ')} AND NOT (${this.plan.keys.map(equal).join(' AND ')})`;
  }

  isTaken(unique: UniqueKey): string {
    return `EXISTS (SELECT 1 FROM ${this.table} o WHERE ${this.isHolder(unique)})`;
  }

  /** The key columns of a row as text, or whatever else gives them back without loss. */
  keyList(columns: readonly ColumnMetadata[], alias: string): string {
    return columns
      .map((column, n) => `${this.dialect.readKey(`${alias}.${this.column(column)}`, column)} AS key${n}`)
      .join(', ');
  }
}

/** The key in a row that was read with `RestoreSql.keyList()`. */
export function keyIn(row: ObjectLiteral, columns: readonly unknown[]): Key {
  return columns.map((_, n) => row[`key${n}`] as unknown);
}

/** The foreign keys of a table, those of all classes that share it, each once. */
export function foreignKeysOf(plan: AuditPlan): ForeignKeyMetadata[] {
  return distinct(classesOf(plan).flatMap(({ foreignKeys }) => foreignKeys));
}

/** The foreign keys that refer to a table, each once. */
export function foreignKeysTo(dataSource: DataSource, { metadata }: AuditPlan): ForeignKeyMetadata[] {
  return distinct(
    dataSource.entityMetadatas
      .flatMap(({ foreignKeys }) => foreignKeys)
      .filter(({ referencedEntityMetadata }) => referencedEntityMetadata.tablePath === metadata.tablePath),
  );
}

function distinct(foreignKeys: readonly ForeignKeyMetadata[]): ForeignKeyMetadata[] {
  const id = ({ entityMetadata, columns }: ForeignKeyMetadata): string =>
    `${entityMetadata.tablePath}(${columns.map(({ databaseName }) => databaseName).join()})`;
  return [...new Map(foreignKeys.map((foreignKey) => [id(foreignKey), foreignKey])).values()];
}
