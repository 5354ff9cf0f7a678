import { type DataSource, type ObjectLiteral } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { driverValue } from '../../dialect/types/driver-value.js';
import { isComparable, isNumeric } from '../../dialect/types/type-names.js';
import { columnsOfProperty } from '../reader/shown-columns.js';
import { type ChangedValues, type RevisionFilters } from '../types/filters.js';
import { type Revision } from '../types/revision.js';
import { changeCondition, valueAfter, valueBefore } from './change-condition.js';

/** The filters of a list, for the revisions of one table. */
export interface RevisionConditions {
  /** SQL conditions on a revision `r`, and with `changed` on its predecessor `p`, with `{{name}}` for a value. */
  readonly where: readonly string[];
  readonly values: Readonly<ObjectLiteral>;
  /** For each property that the filters ask for, its columns. A revision has to have changed one of each. */
  readonly changed: readonly (readonly PlanColumn[])[];
}

/**
 * The SQL of filters, after `assertFilters()`.
 *
 * @param filters those that the list applies by SQL on each revision
 * @param prefix of the values that depend on the table, where a statement reads several tables
 * @throws InvalidArgumentError 'property' or 'changed', when the history of the entity doesn't show or can't compare it
 * @example revisionConditions(dataSource, plan, { reason: 'move', changed: { party: { to: 4 } } })
 * // → where: ['r.rev_reason = {{reason}}', "r.rev_operation <> 'baseline' AND … = {{to0}}"], values: { reason: 'move', to0: 4 }
 */
export function revisionConditions(
  dataSource: DataSource,
  plan: AuditPlan,
  filters: RevisionFilters,
  prefix = '',
): RevisionConditions {
  const own = ownConditions(dataSource, plan, filters);
  const { property, changed = {} } = filters;
  const asked = [
    ...(property === undefined ? [] : [{ columns: columnsOfProperty(plan, property), values: {} }]),
    ...Object.entries(changed).map(([name, values = {}]) => ({
      columns: comparedColumns(dataSource, plan, name, values),
      values,
    })),
  ];
  const values = { ...own.values };
  const where = asked.map(({ columns, values: given }, n) => {
    // Two classes of a single-table inheritance may have the property in a column each.
    const each = columns.map((column, c) =>
      [
        changeCondition(dataSource, plan, [column]),
        ...sides.flatMap((side) => {
          if (given[side] === undefined) return [];
          const name = `${prefix}${side}${n}_${c}`;
          const value = side === 'from' ? valueBefore : valueAfter;
          const expression = value(dataSource, plan, column);
          if (given[side] === null) return [`(${expression}) IS NULL`];
          values[name] = comparedValue(dataSource, column, given[side]);
          return [dialectOf(dataSource).types.equalsValue(`(${expression})`, `{{${name}}}`, column.copy)];
        }),
      ].join(' AND '),
    );
    const isWhole = sides.every((side) => given[side] === undefined);
    return isWhole ? changeCondition(dataSource, plan, columns) : `((${each.join(') OR (')}))`;
  });
  return { where: [...own.where, ...where], values, changed: asked.map(({ columns }) => columns) };
}

const sides = ['from', 'to'] as const;

/**
 * Whether a revision's `changes` have what the filters ask for. The database compares stored values, and the caller sees
 * hydrated ones, so these decide.
 */
export function hasChanged(
  { changes }: Pick<Revision, 'changes'>,
  { changed }: Pick<RevisionConditions, 'changed'>,
): boolean {
  return changed.every((columns) =>
    changes.some(({ property }) => columns.some(({ propertyPath }) => propertyPath === property)),
  );
}

function ownConditions(
  dataSource: DataSource,
  plan: AuditPlan,
  { actor, not, action, request, reason, operation }: RevisionFilters,
): { where: string[]; values: ObjectLiteral } {
  const { types } = dialectOf(dataSource);
  const where: string[] = [];
  const values: ObjectLiteral = {};
  const add = (name: string, value: string | undefined, condition: string): void => {
    if (value === undefined) return;
    values[name] = value;
    where.push(condition);
  };
  add('actor', actor, types.sameText('r.rev_actor', '{{actor}}'));
  add(
    'notActor',
    not?.actor,
    `(r.rev_actor IS NULL OR NOT ${types.sameText('r.rev_actor', '{{notActor}}')})`,
  );
  add('reason', reason, types.sameText('r.rev_reason', '{{reason}}'));
  add('operation', operation, 'r.rev_operation = {{operation}}');
  const ofChangeset = (name: 'action' | 'request'): string =>
    `EXISTS (SELECT 1 FROM ${tableName(dataSource, auditPlansOf(dataSource).own!.changeset)} c WHERE ` +
    `c.id = r.rev_transaction AND c.entity = ${plan.number} AND ${types.sameText(`c.${name}`, `{{${name}}}`)})`;
  if (action !== undefined) add('action', action, ofChangeset('action'));
  if (request !== undefined) add('request', request, ofChangeset('request'));
  return { where, values };
}

/** The columns of a property whose values a filter compares. */
function comparedColumns(
  dataSource: DataSource,
  plan: AuditPlan,
  property: string,
  { from, to }: ChangedValues,
): PlanColumn[] {
  const columns = columnsOfProperty(plan, property, new Set(), 'changed');
  if (from === undefined && to === undefined) return columns;
  const obstacle = columns.map(({ mask, copy, propertyPath }) => {
    if (propertyPath !== columns[0].propertyPath) return 'several columns';
    if (mask) return 'a masked column';
    return isComparable(dataSource.driver.normalizeType(copy))
      ? undefined
      : `a column of type ${copy.type as string}`;
  });
  const [problem] = obstacle.filter((each) => each !== undefined);
  if (problem === undefined) return columns;
  throw new InvalidArgumentError(
    'changed',
    `must compare values of one column that the history has, got "${property}" of ${plan.metadata.name}, which is ${problem}. ` +
      `Leave from and to out to find all its changes.`,
  );
}

// Databases disagree on a text that is compared with a number: an error, or 0.
function comparedValue(dataSource: DataSource, { copy, propertyPath }: PlanColumn, given: unknown): unknown {
  const value = driverValue(dataSource, copy, given);
  const isInvalid =
    (value instanceof Date && Number.isNaN(value.getTime())) ||
    (isNumeric(dataSource.driver.normalizeType(copy)) &&
      typeof value === 'string' &&
      !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(value));
  if (!isInvalid) return value;
  throw new InvalidArgumentError(
    'changed',
    `must have values of the type of "${propertyPath}", got "${String(given)}".`,
  );
}
