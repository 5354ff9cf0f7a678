import { type DataSource, type EntityMetadata, type QueryRunner } from 'typeorm';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { now } from '../../revision/clock.js';
import { insertOwn } from '../../revision/insert-own.js';
import { FORMAT, type ShapeColumn } from '../../revision/shape.js';
import { type AuditPlan } from '../audit-plan.js';
import { type AuditPlans } from '../audit-plans.js';
import { columnGaps, type RegisteredShape } from './column-gap.js';
import { emptiedColumns, readEmptyings } from './know-emptied.js';
import { shapeColumns } from './shape-columns.js';

const ROWS_PER_INSERT = 100;

/**
 * Reads the table of shapes, adds the shapes of these plans that it lacks, and tells the plans what the revisions of
 * other shapes don't know.
 */
export async function knowShapes(
  plans: AuditPlans,
  queryRunner: QueryRunner,
  { isReader = false } = {},
): Promise<void> {
  const { dataSource, own: tables } = plans;
  if (!tables) return;
  const table = tableName(dataSource, tables.shape);
  const registered = await readShapes(dataSource, queryRunner, table);
  const emptyings = await readEmptyings(dataSource, queryRunner, tables.maintenance);
  const added: AddedShape[] = [];
  for (const plan of plans.all) {
    const shapes = registered.get(plan.number) ?? [];
    let own = shapes.find(({ shape }) => shape === plan.shape);
    if (!own) {
      own = { shape: plan.shape, created: now(), columns: shapeColumns(dataSource, plan.columns) };
      added.push({ plan, own });
    }
    const isMasked = (name: string): boolean =>
      plan.columns.some(({ databaseName, mask }) => databaseName === name && mask !== undefined);
    plans.knowGaps(plan, {
      gaps: columnGaps(own, shapes, isMasked),
      emptied: emptiedColumns(plan, emptyings, own.columns),
    });
  }
  plans.areShapesKnown = true;
  if (isReader) return;
  for (let at = 0; at < added.length; at += ROWS_PER_INSERT)
    await insertShapes(dataSource, queryRunner, tables.shape, added.slice(at, at + ROWS_PER_INSERT));
}

/** Reads the table of shapes for one who only reads the history, unless the plans know their gaps already. */
export async function knowShapesToRead(plans: AuditPlans, queryRunner: QueryRunner): Promise<void> {
  if (plans.areShapesKnown) return;
  if (await hasShapes(plans, queryRunner)) await knowShapes(plans, queryRunner, { isReader: true });
}

/** Whether the tables are there that say what revisions don't know. */
export async function hasShapes({ dataSource, own }: AuditPlans, queryRunner: QueryRunner): Promise<boolean> {
  if (!own) return false;
  const paths = [own.shape, own.maintenance].map(({ tablePath }) => tablePath);
  const tables = await dialectOf(dataSource).catalogue.read(queryRunner, paths);
  return tables.every((columns) => columns.length > 0);
}

interface AddedShape {
  readonly plan: AuditPlan;
  readonly own: RegisteredShape;
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

// Another process may insert them at the same time.
async function insertShapes(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  table: EntityMetadata,
  added: readonly AddedShape[],
): Promise<void> {
  const rows = added.map(({ plan, own: { shape, created, columns } }) => ({
    entity: plan.number,
    shape,
    name: plan.metadata.tablePath,
    format: FORMAT,
    created,
    columns: JSON.stringify(columns),
  }));
  const dialect = dialectOf(dataSource);
  const { template, values } = insertOwn(dataSource, table, rows);
  await readTemplate(queryRunner, dialect, dialect.sql.unlessTaken(template, ['entity', 'shape']), values);
}
