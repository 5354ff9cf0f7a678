import { type DataSource } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { type OptionNames } from '../../option-names.js';
import { PAGE_OPTIONS } from '../arguments/all-items.js';
import { assertBoolean, assertLimit, assertOrder, DEFAULT_LIMIT } from '../arguments/checks.js';
import { decodeCursor } from '../arguments/cursor.js';
import { beginningOf, endOf, validDate } from '../arguments/moment.js';
import { type TimelineOptions } from '../types/timeline.js';
import { assertFilters, FILTERS } from '../arguments/filters.js';
import { type RevisionConditions, revisionConditions } from '../revisions/revision-conditions.js';
import { hasQuiet } from '../revisions/change-condition.js';

export const TIMELINE_OPTIONS: OptionNames<TimelineOptions> = {
  ...PAGE_OPTIONS,
  order: true,
  from: true,
  to: true,
  quiet: true,
  ...FILTERS,
};

/** The options of a timeline, checked and translated for SQL. */
export interface TimelineRequest {
  readonly limit: number;
  readonly descending: boolean;
  /** The list name in its cursors. */
  readonly list: string;
  /** Only revisions beyond this version, in the timeline's direction. */
  readonly after: number | undefined;
  /** Only revisions from this `rev_created` on. */
  readonly since: number | undefined;
  /** Only revisions before this `rev_created`. */
  readonly until: number | undefined;
  /** The filters as SQL, but for those above. */
  readonly conditions: RevisionConditions;
  /** Whether quiet revisions may have to be left out. */
  readonly isLoud: boolean;
}

/**
 * @param entity names the entity and its id, so that another entity's cursor is refused
 * @throws InvalidArgumentError naming the option
 */
export function timelineRequest(
  dataSource: DataSource,
  plan: AuditPlan,
  entity: string,
  options: TimelineOptions,
): TimelineRequest {
  const { limit = DEFAULT_LIMIT, order = 'desc', cursor, from, to, quiet = false, ...filters } = options;
  assertLimit(limit);
  assertOrder(order);
  assertFilters(filters);
  assertBoolean('quiet', quiet);
  const list = `timeline ${entity} ${order}`;
  return {
    limit,
    descending: order === 'desc',
    list,
    after: cursor === undefined || cursor === null ? undefined : decodeCursor(list, cursor),
    since: from === undefined ? undefined : beginningOf(validDate('from', from)),
    until: to === undefined ? undefined : endOf(validDate('to', to)),
    conditions: revisionConditions(dataSource, plan, filters),
    isLoud: !quiet && hasQuiet(dataSource, plan),
  };
}
