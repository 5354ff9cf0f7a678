import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../audited/audit-plan.js';
import { shapeColumns } from '../audited/shapes/shape-columns.js';
import { tableName } from '../dialect/catalogue/table-name.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { FORMAT, type Shape, type ShapeColumn } from '../revision/shape.js';
import { type SchemaStatements } from '../typeorm/schema-statements.js';

type NewShape = Pick<Shape, 'entity' | 'shape' | 'name' | 'columns'>;

/** The rows of `audit_shape`, and the statements that add to them and follow renames. */
export class ShapeRegistry {
  private readonly table: string;
  private known: Pick<Shape, 'entity' | 'shape' | 'columns'>[] = [];
  private readonly added: NewShape[] = [];

  constructor(
    private readonly dataSource: DataSource,
    metadata: EntityMetadata,
  ) {
    this.table = tableName(dataSource, metadata);
  }

  async read(queryRunner: QueryRunner): Promise<void> {
    const columns = ['entity', 'shape', 'columns'].map((name) => this.escape(name)).join(', ');
    const rows = (await queryRunner.query(`SELECT ${columns} FROM ${this.table}`)) as typeof this.known;
    this.known = rows.map(({ entity, shape, columns }) => ({
      entity: Number(entity),
      shape: Number(shape),
      columns,
    }));
  }

  /** The shapes of a plan that have a column, each as it has the column. */
  columnsOf({ number }: AuditPlan, name: string): ShapeColumn[] {
    return this.known
      .filter(({ entity }) => entity === number)
      .flatMap(({ columns }) => JSON.parse(columns) as ShapeColumn[])
      .filter((column) => column.name === name);
  }

  /**
   * Adds the shape in which a plan writes, unless it is there.
   *
   * @param isFromBefore whether the audited table had a column before this migration. Then a column that no shape knows
   *   was excluded, or added while the table was not audited: its rows have other values than its default
   */
  add(plan: AuditPlan, isFromBefore: (column: string) => boolean): void {
    const columns = shapeColumns(this.dataSource, plan.columns).map((column): ShapeColumn => {
      const { default: _, ...rest } = column;
      return isFromBefore(column.name) && this.columnsOf(plan, column.name).length === 0 ? rest : column;
    });
    this.addRow(plan, plan.shape, columns);
  }

  /** Adds what revisions without a shape know. */
  addFirst(plan: AuditPlan, columns: readonly ShapeColumn[]): void {
    this.addRow(plan, 0, columns);
  }

  private addRow(
    { number: entity, metadata }: AuditPlan,
    shape: number,
    columns: readonly ShapeColumn[],
  ): void {
    if (this.known.some((row) => row.entity === entity && row.shape === shape)) return;
    this.added.push({ entity, shape, name: metadata.tablePath, columns: JSON.stringify(columns) });
  }

  /** The statement that gives a column another name in all shapes of a plan, but one. */
  rename({ number }: AuditPlan, from: string, to: string, except?: number): string {
    const { text } = dialectOf(this.dataSource).schema;
    const columns = this.escape('columns');
    const named = (name: string): string => text(`"name":${JSON.stringify(name)}`);
    const others = except === undefined ? '' : ` AND ${this.escape('shape')} <> ${except}`;
    return (
      `UPDATE ${this.table} SET ${columns} = replace(${columns}, ${named(from)}, ${named(to)}) ` +
      `WHERE ${this.escape('entity')} = ${number}${others}`
    );
  }

  /** The statement that inserts the new rows. */
  get inserts(): SchemaStatements {
    if (this.added.length === 0) return { up: [], down: [] };
    const { schema, sql } = dialectOf(this.dataSource);
    const columns = ['entity', 'shape', 'name', 'format', 'created', 'columns'].map((name) =>
      this.escape(name),
    );
    const rows = this.added.map(
      ({ entity, shape, name, columns }) =>
        `(${entity}, ${shape}, ${schema.text(name)}, ${FORMAT}, ${schema.now}, ${schema.text(columns)})`,
    );
    const insert = `INSERT INTO ${this.table} (${columns.join(', ')}) VALUES ${rows.join(', ')}`;
    return { up: [sql.unlessTaken(insert, [this.escape('entity'), this.escape('shape')])], down: [] };
  }

  private escape(name: string): string {
    return this.dataSource.driver.escape(name);
  }
}
