import { type DataSource, type QueryRunner } from 'typeorm';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { now } from '../../revision/clock.js';
import { FORMAT, type ShapeColumn } from '../../revision/shape.js';
import { type AuditPlan } from '../audit-plan.js';
import { type AuditPlans } from '../audit-plans.js';
import { columnGaps, type RegisteredShape } from './column-gap.js';
import { shapeColumns } from './shape-columns.js';

/**
 * Reads the table of shapes, adds the shapes of these plans that it lacks, and tells the plans what the revisions of
 * other shapes don't know.
 *
 * It leaves a missing table alone: the check of the tables says so.
 */
export async function knowShapes(plans: AuditPlans, queryRunner: QueryRunner): Promise<void> {
  const { dataSource } = plans;
  const table = plans.own?.shape;
  if (!table) return;
  const [columns] = await dialectOf(dataSource).catalogue.read(queryRunner, [table.tablePath]);
  if (columns.length === 0) return;
  const registered = await readShapes(dataSource, queryRunner, tableName(dataSource, table));
  for (const plan of plans.all) {
    const shapes = registered.get(plan.number) ?? [];
    const own = shapes.find(({ shape }) => shape === plan.shape) ?? (await register(plan));
    plans.knowGaps(
      plan,
      columnGaps(own, shapes, (name) =>
        plan.columns.some((each) => each.databaseName === name && !!each.mask),
      ),
    );
  }

  async function register(plan: AuditPlan): Promise<RegisteredShape> {
    const { number: entity, shape, metadata } = plan;
    const own = { shape, created: now(), columns: shapeColumns(dataSource, plan.columns) };
    await insertShape(dataSource, queryRunner, tableName(dataSource, table!), {
      ...own,
      entity,
      name: metadata.tablePath,
      format: FORMAT,
      columns: JSON.stringify(own.columns),
    });
    return own;
  }
}

async function readShapes(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  table: string,
): Promise<Map<number, RegisteredShape[]>> {
  const column = (name: string): string => `s.${dataSource.driver.escape(name)} AS ${name}`;
  const rows = await readTemplate(
    queryRunner,
    dialectOf(dataSource),
    `SELECT ${['entity', 'shape', 'created'].map(column).join(', ')}, s.${dataSource.driver.escape('columns')} AS names FROM ${table} s`,
    {},
  );
  const byTable = new Map<number, RegisteredShape[]>();
  for (const { entity, shape, created, names } of rows)
    byTable.set(Number(entity), [
      ...(byTable.get(Number(entity)) ?? []),
      {
        shape: Number(shape),
        created: Number(created),
        columns: JSON.parse(names as string) as ShapeColumn[],
      },
    ]);
  return byTable;
}

// Another process may insert it at the same time.
async function insertShape(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  table: string,
  values: Record<string, unknown>,
): Promise<void> {
  const dialect = dialectOf(dataSource);
  const names = Object.keys(values);
  const columns = names.map((name) => dataSource.driver.escape(name));
  const types = { created: 'time', name: 'text', columns: 'text' } as const;
  const given = names.map((name) =>
    dialect.types.value(`{{${name}}}`, types[name as keyof typeof types] ?? 'integer'),
  );
  await readTemplate(
    queryRunner,
    dialect,
    dialect.sql.unlessTaken(`INSERT INTO ${table} (${columns.join(', ')}) SELECT ${given.join(', ')}`, [
      dataSource.driver.escape('entity'),
      dataSource.driver.escape('shape'),
    ]),
    values,
  );
}
