import { type DataSource } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { dialectOf } from '../../dialect/dialect-of.js';

/** The name in a result of the n-th shown column, of a revision `r` or of its predecessor `p`. */
export function resultColumn(alias: 'r' | 'p', n: number): string {
  return `${alias}${n}`;
}

/** The name in a result that says whether a column of `columnsHidingNull()` is not NULL. */
export function presenceColumn(name: string): string {
  return `${name}_present`;
}

/** The name in a result that says whether the predecessor is a delete; null if there is no predecessor. */
export const PREVIOUS_ISDELETE = 'p_isdelete';

/** What snapshots have: all but `select: false` columns, in the order of the table. */
export function shownColumns(plan: AuditPlan): PlanColumn[] {
  return plan.columns.filter(({ copy }) => copy.isSelect);
}

/** Of the shown columns, those of which a select has to say whether they are NULL, because the driver doesn't. */
export function columnsHidingNull(dataSource: DataSource, plan: AuditPlan): PlanColumn[] {
  const dialect = dialectOf(dataSource);
  return shownColumns(plan).filter(({ copy }) => dialect.types.hidesJsonNull(copy));
}

/** What changes are listed of: the shown columns without the key, which never changes. */
export function changeableColumns(plan: AuditPlan): PlanColumn[] {
  return shownColumns(plan).filter((column) => !plan.keys.includes(column));
}

/**
 * The changeable columns that a property stands for: an embedded for its own, a relation for its join columns.
 *
 * @param hidden the paths of columns that nothing may be said about
 * @throws InvalidArgumentError when there are none, or one is hidden
 */
export function columnsOfProperty(
  plan: AuditPlan,
  property: string,
  hidden: ReadonlySet<string> = new Set(),
): PlanColumn[] {
  const candidates = changeableColumns(plan);
  // By name, because a second relation over the same column has a copy of it.
  const joined = plan.metadata
    .findRelationWithPropertyPath(property)
    ?.joinColumns.map(({ databaseName }) => databaseName);
  const columns = candidates.filter(
    ({ propertyPath, databaseName, source }) =>
      isWithin(propertyPath, property) ||
      isWithin(source.propertyPath, property) ||
      joined?.includes(databaseName),
  );
  if (columns.length > 0 && !columns.some(({ propertyPath }) => hidden.has(propertyPath))) return columns;
  const shown = candidates.map(({ propertyPath }) => propertyPath).filter((path) => !hidden.has(path));
  throw new InvalidArgumentError(
    'property',
    `must be a property whose changes the history of ${plan.metadata.name} shows, got "${property}". ` +
      `They are ${shown.join(', ')}.`,
  );
}

/** 'address.city' is within 'address' and within itself. */
function isWithin(path: string, property: string): boolean {
  return path === property || path.startsWith(`${property}.`);
}
