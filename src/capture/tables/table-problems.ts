import { isDeepStrictEqual } from 'node:util';
import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { type ActualColumn, type Catalogue } from '../../dialect/catalogue/catalogue.js';
import { isKeptOf } from '../../audited/shapes/column-gap.js';
import { holds } from '../../dialect/catalogue/column-type.js';
import { REVISION_COLUMN_PREFIX } from '../../revision/revision-columns.js';

/** The columns of a table in the database, by name; empty if the table is missing. */
export type ActualTable = ReadonlyMap<string, ActualColumn>;

export function actualTable(columns: readonly ActualColumn[], { hasCase }: Catalogue): ActualTable {
  return new Map(columns.map((column) => [hasCase ? column.name : column.name.toLowerCase(), column]));
}

/** A problem of a column, or with the column `*` of the table. */
export interface TableProblem {
  readonly column: string;
  readonly problem: string;
}

export const MISSING = 'is missing';

/**
 * The problems of a table for a write, as predicates: a missing table or column, a type that is too narrow, a NOT NULL that
 * is too strict. Extra columns and wider types pass, and so do unknown types.
 *
 * @param needed the columns that a write names
 */
export function problemsOf(
  needed: readonly ColumnMetadata[],
  actual: ActualTable,
  catalogue: Catalogue,
): TableProblem[] {
  if (actual.size === 0) return [{ column: '*', problem: MISSING }];
  const problems = needed.flatMap((column) => {
    const problem = columnProblem(column, find(actual, column, catalogue), catalogue);
    return problem ? [{ column: column.databaseName, problem }] : [];
  });
  const known = new Set(needed.map((column) => find(actual, column, catalogue)));
  const refusing = [...actual.values()].filter((column) => !column.isOptional && !known.has(column));
  return [
    ...problems,
    ...refusing.map(({ name }) => ({
      column: name,
      problem: 'is NOT NULL without a default, and no write names it',
    })),
  ];
}

/** A problem in a sentence. */
export function problemText({ tablePath }: EntityMetadata, { column, problem }: TableProblem): string {
  return `${column === '*' ? tablePath : `${tablePath}.${column}`} ${problem}.`;
}

/**
 * The copied columns that the audited table lacks. TypeORM's statements never name a column that is neither inserted
 * nor selected, so the application works without it.
 */
export function absentColumns(
  { columns }: AuditPlan,
  actual: ActualTable,
  catalogue: Catalogue,
): PlanColumn[] {
  return columns.filter(({ source }) => isNeverNamed(source) && !find(actual, source, catalogue));
}

function isNeverNamed({ isInsert, isSelect }: ColumnMetadata): boolean {
  return !isInsert && !isSelect;
}

/** The columns of a revision table that a write names. */
export function neededColumns({ revision, columns }: AuditPlan): ColumnMetadata[] {
  const own = revision.columns.filter(({ databaseName }) => databaseName.startsWith(REVISION_COLUMN_PREFIX));
  return [...own, ...columns.map(({ copy }) => copy)];
}

/** How a revision table differs from its metadata without harm: columns that the entity has no more, and wider types. */
export function remainders(
  { metadata, revision, columns }: AuditPlan,
  actual: ActualTable,
  catalogue: Catalogue,
): Pick<AuditPlan, 'kept' | 'narrowed'> {
  const known = new Set(revision.columns.map((column) => find(actual, column, catalogue)));
  // A column that the entity hides today was perhaps recorded in clear before.
  const hidden = metadata.columns.filter(
    ({ databaseName, isSelect }) =>
      !isSelect ||
      columns.find((column) => column.databaseName === databaseName)?.mask !== undefined ||
      !columns.some((column) => column.databaseName === databaseName),
  );
  const isHidden = (name: string): boolean =>
    hidden.some(({ databaseName }) => databaseName === name || isKeptOf(name, databaseName));
  const kept = [...actual.values()]
    .filter((column) => !known.has(column) && !isHidden(column.name))
    .map(({ name }) => name);
  const isWider = ({ copy, mask }: PlanColumn): boolean => {
    const found = find(actual, copy, catalogue);
    const [stored, needed] = [found?.type, catalogue.neededType(copy)].map(
      (type) => type && catalogue.capacityOf(type),
    );
    return !mask && !!stored && !!needed && !isDeepStrictEqual(stored, needed);
  };
  return { kept, narrowed: new Set(columns.filter(isWider).map(({ databaseName }) => databaseName)) };
}

function find(
  actual: ActualTable,
  { databaseName }: ColumnMetadata,
  { hasCase }: Catalogue,
): ActualColumn | undefined {
  return actual.get(hasCase ? databaseName : databaseName.toLowerCase());
}

function columnProblem(
  column: ColumnMetadata,
  actual: ActualColumn | undefined,
  catalogue: Catalogue,
): string | undefined {
  if (!actual) return MISSING;
  const needed = catalogue.neededType(column);
  const capacity = catalogue.capacityOf(actual.type);
  if (holds(capacity, catalogue.capacityOf(needed), catalogue.widenings) === false)
    return `is ${actual.type}, and has to hold ${needed}`;
  return column.isNullable && !actual.isNullable ? 'is NOT NULL, and has to take NULL' : undefined;
}
