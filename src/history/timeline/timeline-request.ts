import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { assertActor, assertBoolean, assertLimit, assertOrder, DEFAULT_LIMIT } from '../arguments/checks.js';
import { decodeCursor } from '../arguments/cursor.js';
import { beginningOf, endOf, validDate } from '../arguments/moment.js';
import { type TimelineOptions } from '../types/timeline.js';
import { columnsOfProperty, hasQuiet } from '../reader/shown-columns.js';

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
  readonly actor: string | undefined;
  /** Only revisions that changed one of these columns. */
  readonly changed: readonly PlanColumn[] | undefined;
  /** Whether quiet revisions may have to be left out. */
  readonly isLoud: boolean;
}

/**
 * @param entity names the entity and its id, so that another entity's cursor is refused
 * @throws InvalidArgumentError naming the option
 */
export function timelineRequest(plan: AuditPlan, entity: string, options: TimelineOptions): TimelineRequest {
  const { limit = DEFAULT_LIMIT, order = 'desc', cursor, from, to, actor, property, quiet = false } = options;
  assertLimit(limit);
  assertOrder(order);
  assertActor(actor);
  assertBoolean('quiet', quiet);
  const list = `timeline ${entity} ${order}`;
  return {
    limit,
    descending: order === 'desc',
    list,
    after: cursor === undefined || cursor === null ? undefined : decodeCursor(list, cursor),
    since: from === undefined ? undefined : beginningOf(validDate('from', from)),
    until: to === undefined ? undefined : endOf(validDate('to', to)),
    actor,
    changed: property === undefined ? undefined : columnsOfProperty(plan, property),
    isLoud: !quiet && hasQuiet(plan),
  };
}
