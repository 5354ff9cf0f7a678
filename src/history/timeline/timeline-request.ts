import { InvalidArgumentError } from '../../audit.errors.js';
import { unstorableIn } from '../../context/unstorable.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { decodeCursor } from '../arguments/cursor.js';
import { beginningOf, endOf } from '../arguments/moment.js';
import { type TimelineOptions } from '../history.types.js';
import { columnsOfProperty } from '../reader/shown-columns.js';

/** How many revisions are on a page unless another number is asked for. */
export const DEFAULT_LIMIT = 50;
/** The most revisions on a page. */
export const MAX_LIMIT = 200;

/** The options of a timeline, checked and in the terms of the database. */
export interface TimelineRequest {
  readonly limit: number;
  readonly descending: boolean;
  /** What its cursors belong to. */
  readonly list: string;
  /** Only revisions beyond this version, in the timeline's direction. */
  readonly after: number | undefined;
  /** Not before this `rev_created`. */
  readonly since: number | undefined;
  /** Before this `rev_created`. */
  readonly until: number | undefined;
  readonly actor: string | undefined;
  /** Only revisions that changed one of them. */
  readonly changed: readonly PlanColumn[] | undefined;
}

/**
 * @param entity names the entity and its id, so that a cursor isn't taken for another's
 * @throws InvalidArgumentError naming the option
 */
export function timelineRequest(plan: AuditPlan, entity: string, options: TimelineOptions): TimelineRequest {
  const { limit = DEFAULT_LIMIT, order = 'desc', cursor, from, to, actor, property } = options;
  assertLimit(limit);
  if (order !== 'asc' && order !== 'desc')
    throw new InvalidArgumentError('order', `"${String(order)}" is neither 'asc' nor 'desc'.`);
  assertActor(actor);
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
  };
}

/** @throws InvalidArgumentError */
export function assertLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new InvalidArgumentError('limit', `${limit} is no integer from 1 to ${MAX_LIMIT}.`);
}

/** @throws InvalidArgumentError */
export function assertActor(actor: unknown): void {
  if (actor !== undefined && typeof actor !== 'string')
    throw new InvalidArgumentError('actor', `it is text, and not ${typeof actor}.`);
  const unstorable = actor === undefined ? undefined : unstorableIn(actor);
  if (unstorable !== undefined)
    throw new InvalidArgumentError('actor', `it has the character ${unstorable}, which no actor can have.`);
}

/** @throws InvalidArgumentError when it is none, or an invalid one */
export function validDate(argument: string, date: unknown): Date {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError(argument, `${String(date)} is no valid Date.`);
}
