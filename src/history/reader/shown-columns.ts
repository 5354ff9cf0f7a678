import { type DataSource } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { dialectOf } from '../../dialect/dialect-of.js';

/** The result column of the n-th shown column, of a revision `r` or of its predecessor `p`. */
export function resultColumn(alias: 'r' | 'p', n: number): string {
  return `${alias}${n}`;
}

/** The result column of the n-th column that the entity has no more. */
export function keptColumn(n: number): string {
  return `kept${n}`;
}

/** The result column that tells whether a column of `columnsHidingNull()` is not NULL. */
export function presenceColumn(name: string): string {
  return `${name}_present`;
}

/** The result column that tells whether the predecessor is a delete; null if there is no predecessor. */
export const PREVIOUS_ISDELETE = 'p_isdelete';

/** The result column with the `rev_shape` of the predecessor. */
export const PREVIOUS_SHAPE = 'p_shape';

/** The result column that tells whether a revision is quiet, of a table with quiet columns. */
export const QUIET = 'is_quiet';

/** The columns of snapshots: all but `select: false` columns, in the order of the table. */
export function shownColumns(plan: AuditPlan): PlanColumn[] {
  return plan.columns.filter(({ copy }) => copy.isSelect);
}

/** The shown columns whose NULL the driver hides, so that a SELECT has to tell it by a column of its own. */
export function columnsHidingNull(dataSource: DataSource, plan: AuditPlan): PlanColumn[] {
  const dialect = dialectOf(dataSource);
  return shownColumns(plan).filter(({ copy }) => dialect.types.hidesJsonNull(copy));
}

/** The columns that differ between versions: the shown columns without the key, which never changes. */
export function changeableColumns(plan: AuditPlan): PlanColumn[] {
  return shownColumns(plan).filter((column) => !plan.keys.includes(column));
}

/** The columns that `changes` lists: the changeable columns without the quiet ones. */
export function listedColumns(plan: AuditPlan): PlanColumn[] {
  return changeableColumns(plan).filter(({ isQuiet }) => !isQuiet);
}

/**
 * The listed columns of a property. An embedded has its own columns, a relation its join columns.
 *
 * @param hidden the property paths of columns that must stay hidden
 * @param argument the name of the argument that has the property
 * @throws InvalidArgumentError when there are no columns, or one is hidden
 */
export function columnsOfProperty(
  plan: AuditPlan,
  property: string,
  hidden: ReadonlySet<string> = new Set(),
  argument = 'property',
): PlanColumn[] {
  const candidates = listedColumns(plan);
  const columns = columnsWithin(plan, candidates, property);
  if (columns.length > 0 && !columns.some(({ propertyPath }) => hidden.has(propertyPath))) return columns;
  const shown = candidates.map(({ propertyPath }) => propertyPath).filter((path) => !hidden.has(path));
  throw new InvalidArgumentError(
    argument,
    `must be a property whose changes the history of ${plan.metadata.name} shows, got "${property}". ` +
      `They are ${shown.join(', ')}.`,
  );
}

/** The candidates that a property means: an embedded its own columns, a relation its join columns. */
export function columnsWithin(
  plan: AuditPlan,
  candidates: readonly PlanColumn[],
  property: string,
): PlanColumn[] {
  // Columns are compared by name: a second relation over a column adds a duplicate to the metadata.
  const joined = plan.metadata
    .findRelationWithPropertyPath(property)
    ?.joinColumns.map(({ databaseName }) => databaseName);
  return candidates.filter(
    ({ propertyPath, databaseName, source }) =>
      isWithin(propertyPath, property) ||
      isWithin(source.propertyPath, property) ||
      joined?.includes(databaseName),
  );
}

/** 'address.city' is within 'address' and within itself. */
function isWithin(path: string, property: string): boolean {
  return path === property || path.startsWith(`${property}.`);
}
