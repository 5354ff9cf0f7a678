import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { REVISION_COLUMNS } from '../../revision/revision-columns.js';

/** A column to erase: a copy of the entity's column, or one of the revision's own. */
export interface ErasableColumn {
  readonly property: string;
  readonly databaseName: string;
  /** Whether it is a copy, so that the live row has the column too. */
  readonly isCopied: boolean;
}

const OWN = ['revActor', 'revReason', 'revContext'] as const;

/**
 * The columns of properties. An embedded stands for its columns, a relation for its join columns.
 *
 * @throws InvalidArgumentError naming a property that has no column in the history, or is part of the primary key
 */
export function erasableColumns(plan: AuditPlan, properties: readonly string[]): ErasableColumn[] {
  if (properties.length === 0)
    throw new InvalidArgumentError('columns', 'must not be empty. Leave it out to erase the whole history.');
  const columns = properties.flatMap((property) => columnsOf(plan, property));
  return [...new Map(columns.map((column) => [column.databaseName, column])).values()];
}

function columnsOf(plan: AuditPlan, property: string): ErasableColumn[] {
  const own = OWN.find((name) => name === property);
  if (own) return [{ property, databaseName: REVISION_COLUMNS[own], isCopied: false }];
  const joined = plan.metadata
    .findRelationWithPropertyPath(property)
    ?.joinColumns.map(({ databaseName }) => databaseName);
  const isWithin = (path: string): boolean => path === property || path.startsWith(`${property}.`);
  const columns = plan.columns.filter(
    ({ propertyPath, source, databaseName }) =>
      isWithin(propertyPath) || isWithin(source.propertyPath) || joined?.includes(databaseName),
  );
  const { name } = plan.metadata;
  if (columns.length === 0) {
    const known = plan.columns
      .filter((column) => !plan.keys.includes(column))
      .map(({ propertyPath }) => propertyPath);
    throw new InvalidArgumentError(
      'columns',
      `must be properties that the history of ${name} has, got "${property}". They are ${[...known, ...OWN].join(', ')}.`,
    );
  }
  if (columns.some((column) => plan.keys.includes(column)))
    throw new InvalidArgumentError(
      'columns',
      `must not have "${property}", which is part of the primary key of ${name}: its history is found by that. Leave columns out to erase the whole history.`,
    );
  return columns.map(({ propertyPath, databaseName }) => ({
    property: propertyPath,
    databaseName,
    isCopied: true,
  }));
}
