import { type DataSource } from 'typeorm';
import { dialectOf } from '../../dialect/dialect-of.js';
import { type FeedRequest } from './feed-request.js';
import { type FeedFilter } from './feed-select.js';

/**
 * How far the clocks of two writers may differ. Up to this difference `from` and `to` find every revision.
 *
 * A `rev_id` begins with the time at which it was made. `rev_created` may be later, because it always follows the row's
 * previous revision, whose time may come from another server's clock. It may be earlier after a clock was set back.
 */
const CLOCK_TOLERANCE_SECONDS = 3600;

/**
 * The conditions of a request on the revisions of each table.
 *
 * @param floor the lowest `rev_id` to look at; undefined for no limit
 */
export function feedFilter(dataSource: DataSource, request: FeedRequest, floor?: string): FeedFilter {
  const { classes, after, since, until, actor, transaction, operation } = request;
  const conditions: string[] = [];
  const values: Record<string, unknown> = {};
  const add = (name: string, value: unknown, condition: string): void => {
    if (value === undefined) return;
    values[name] = value;
    conditions.push(`${condition} {{${name}}}`);
  };
  add('after', after, 'b.rev_id <');
  add('since', since, 'b.rev_created >=');
  add('until', until, 'b.rev_created <');
  // `rev_created` has no index. `rev_id`, the primary key, begins with a time and bounds the search.
  add('oldest', since === undefined ? undefined : firstIdOf(since - CLOCK_TOLERANCE_SECONDS), 'b.rev_id >=');
  add('newest', until === undefined ? undefined : firstIdOf(until + CLOCK_TOLERANCE_SECONDS), 'b.rev_id <');
  add('floor', floor, 'b.rev_id >=');
  add('transaction', transaction, 'b.rev_transaction =');
  add('operation', operation, 'b.rev_operation =');
  if (actor !== undefined) {
    values.actor = actor;
    conditions.push(dialectOf(dataSource).types.sameText('b.rev_actor', '{{actor}}'));
  }
  for (const filter of classes.values()) Object.assign(values, filter.values);
  return { conditions, values, classes };
}

/** The first UUID v7 of a time in seconds since the epoch. */
function firstIdOf(seconds: number): string {
  const time = Math.min(Math.max(0, Math.floor(seconds * 1000)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7000-8000-000000000000`;
}
