import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { classesOf } from '../../audited/foreign-keys.js';
import { type Refusal } from '../../dialect/run/refusal.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { type Obstacle, valuesText } from './obstacle.js';
import { type RestoreQuery, type RestoreSql, type RowToRestore } from './restore-sql.js';
import { uniqueObstacles, valuesAfter } from './unique-obstacles.js';
import { uniqueKeysOf } from './unique-keys.js';

/**
 * The database refused a write of a restore: a CHECK failed, an enum label is gone, or another session took a unique
 * value first. A failed PostgreSQL transaction runs no more queries, so `obstacleOf()` finds the reason after the
 * rollback.
 */
export class WriteRefusal extends Error {
  constructor(
    readonly sql: RestoreSql,
    readonly row: RowToRestore,
    readonly refusal: Refusal,
    cause: unknown,
  ) {
    super('The database refused a write of a restore.', { cause });
  }
}

/** The database refused a write of several rows, and does not say which of them. */
export class SetRefusal extends Error {
  constructor(cause: unknown) {
    super('The database refused a write of several rows.', { cause });
  }
}

/** Explains a refused write as an obstacle. */
export async function obstacleOf(
  dataSource: DataSource,
  queryRunner: QueryRunner | undefined,
  { sql, row, refusal }: WriteRefusal,
): Promise<Obstacle> {
  const { plan } = sql;
  const query: RestoreQuery = (template, rows, values) =>
    readTemplate(queryRunner ?? dataSource, sql.dialect, template, { ...sql.rows.bind(rows), ...values });
  const constraint = refusal.constraint === undefined ? '' : ` (${refusal.constraint})`;
  if (row.revisionId === undefined)
    return { problem: `something refers to it by a foreign key that TypeORM doesn't know${constraint}` };
  const columns = columnsMeant(plan, refusal);
  if (refusal.kind === 'taken') {
    const unique = uniqueKeysOf(plan).find((key) => isSameSet(key.columns, columns));
    const [holder] = unique ? await uniqueObstacles(sql, query, row, unique) : [];
    if (holder) return holder;
  }
  const values = await valuesOfRefusal(sql, query, row, refusal, columns);
  const text = Object.keys(values).length > 0 ? valuesText(values) : 'one of its values';
  const problems: Record<Refusal['kind'], string> = {
    taken: `${text} is taken by another row${constraint}`,
    check: `${text} violates the CHECK ${refusal.constraint}`,
    value: `${text} no longer fits its column`,
    reference: `${text} refers to something that no longer exists${constraint}`,
  };
  return { problem: problems[refusal.kind], values };
}

/** The columns of the constraint that refused the write, or the columns named in its expression. */
function columnsMeant(plan: AuditPlan, { constraint, columns }: Refusal): PlanColumn[] {
  const classes = classesOf(plan);
  const named = classes
    .flatMap(({ uniques, indices }) => [...uniques, ...indices])
    .find(({ name }) => name === constraint);
  const names = named?.columns.map(({ databaseName }) => databaseName);
  const expression = classes
    .flatMap(({ checks, exclusions }) => [...checks, ...exclusions])
    .find(({ name }) => name === constraint)?.expression;
  const text = (expression ?? columns ?? '').replace(/'(?:[^']|'')*'/g, '');
  return plan.columns.filter(
    ({ databaseName, mask }) =>
      !mask && (names ? names.includes(databaseName) : occursIn(text, databaseName)),
  );
}

function occursIn(text: string, name: string): boolean {
  const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w$])${pattern}(?![\\w$])`, 'i').test(text);
}

/** The refused values, as far as the error names them. */
async function valuesOfRefusal(
  sql: RestoreSql,
  query: RestoreQuery,
  row: RowToRestore,
  { label }: Refusal,
  columns: readonly PlanColumn[],
): Promise<Record<string, unknown>> {
  if (label === undefined) return valuesAfter(sql, query, row, columns);
  const enums = sql.plan.columns.filter(({ source, mask }) => source.enum && !mask);
  const values = await valuesAfter(sql, query, row, enums);
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => [value].flat().map(String).includes(label)),
  );
}

function isSameSet(left: readonly PlanColumn[], right: readonly PlanColumn[]): boolean {
  return left.length === right.length && left.every((column) => right.includes(column));
}
