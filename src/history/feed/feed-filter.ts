import { type DataSource, type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { hasQuiet, loudCondition } from '../revisions/change-condition.js';
import { type RevisionConditions, revisionConditions } from '../revisions/revision-conditions.js';
import { type FeedRequest } from './feed-request.js';

/**
 * How far the clocks of two writers may differ. Up to this difference `from` and `to` find every revision.
 *
 * A `rev_id` begins with the time at which it was made. `rev_created` may be later, because it always follows the row's
 * previous revision, whose time may come from another server's clock. It may be earlier after a clock was set back.
 */
export const CLOCK_TOLERANCE_SECONDS = 3600;

/** Narrows the revisions `r` of tables, by SQL with `{{name}}` for a value. */
export interface FeedFilter {
  /** Conditions on `rev_id`, which an index serves. */
  readonly ids: readonly string[];
  /** The other conditions on the revisions of a table, and on their predecessors `p` where a property is asked for. */
  readonly tables: ReadonlyMap<AuditPlan, readonly string[]>;
  readonly values: Readonly<ObjectLiteral>;
  /** Whether the revisions are those of a transaction, and are found by its index. */
  readonly byTransaction?: boolean;
  /** The tables whose conditions read predecessors. */
  readonly predecessors: ReadonlySet<AuditPlan>;
  /** For each table, see `RevisionConditions`. */
  readonly changed: ReadonlyMap<AuditPlan, Pick<RevisionConditions, 'changed'>>;
}

/**
 * The conditions of a request on the revisions of each table, without those of a changeset, and without its position.
 */
export function feedFilter(dataSource: DataSource, request: FeedRequest): FeedFilter {
  const { plans, classes, since, until, filters, isLoud } = request;
  const ids: string[] = [];
  const common: string[] = [];
  const values: ObjectLiteral = {};
  const add = (conditions: string[], name: string, value: unknown, condition: string): void => {
    if (value === undefined) return;
    values[name] = value;
    conditions.push(`${condition} {{${name}}}`);
  };
  add(common, 'since', since, 'r.rev_created >=');
  add(common, 'until', until, 'r.rev_created <');
  // `rev_created` has no index. `rev_id`, the primary key, begins with a time and bounds the search.
  add(ids, 'oldest', firstIdOf(since, -CLOCK_TOLERANCE_SECONDS), 'r.rev_id >=');
  add(ids, 'newest', firstIdOf(until, CLOCK_TOLERANCE_SECONDS), 'r.rev_id <');
  const tables = new Map<AuditPlan, readonly string[]>();
  const changed = new Map<AuditPlan, RevisionConditions>();
  const predecessors = new Set<AuditPlan>();
  const readsChanges = filters.property !== undefined || filters.changed !== undefined;
  for (const [t, plan] of plans.entries()) {
    const ofChangeset = { action: undefined, request: undefined };
    const conditions = revisionConditions(dataSource, plan, { ...filters, ...ofChangeset }, `t${t}_`);
    const ofClass = classes.get(plan);
    Object.assign(values, conditions.values, ofClass?.values);
    const loud = isLoud && hasQuiet(dataSource, plan) ? [loudCondition(dataSource, plan)] : [];
    const ofRow = [...(ofClass ? [ofClass.condition('r')] : []), ...loud];
    tables.set(plan, [...common, ...conditions.where, ...ofRow]);
    if (readsChanges || loud.length > 0) predecessors.add(plan);
    changed.set(plan, conditions);
  }
  return { ids, tables, values, predecessors, changed };
}

/** A filter with another condition on `rev_id`. */
export function withId(
  filter: FeedFilter,
  name: string,
  condition: '<' | '>=' | '>',
  id: string | undefined,
): FeedFilter {
  if (id === undefined) return filter;
  return {
    ...filter,
    ids: [...filter.ids, `r.rev_id ${condition} {{${name}}}`],
    values: { ...filter.values, [name]: id },
  };
}

/**
 * The first UUID v7 of a time; undefined without a time.
 *
 * @param seconds since the epoch
 * @param later how many seconds later
 */
export function firstIdOf(seconds: number | undefined, later: number): string | undefined {
  if (seconds === undefined) return undefined;
  const time = Math.min(Math.max(0, Math.floor((seconds + later) * 1000)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7000-8000-000000000000`;
}
