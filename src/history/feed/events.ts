import { auditPlansOf } from '../../audited/audit-plans.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { dateOf } from '../arguments/moment.js';
import { isText } from '../revisions/changesets.js';
import { type Reading, readRows } from '../revisions/reading.js';
import { type FeedEvent } from '../types/feed.js';
import { CLOCK_TOLERANCE_SECONDS, firstIdOf } from './feed-filter.js';
import { type FeedRequest } from './feed-request.js';

/** The number of events that a page looks through by a filter without an index. */
const MAX_LOOKED_THROUGH = 50_000;

const COLUMNS = [
  'id',
  'transaction',
  'created',
  'actor',
  'onBehalf',
  'action',
  'request',
  'outcome',
  'entity',
  'target',
  'details',
] as const;

/** The newest events. */
export interface ReadEvents {
  readonly events: FeedEvent[];
  /** The id down to which the page has looked, where it ended early; undefined if nothing is left. */
  readonly floor: string | undefined;
}

/**
 * Reads the newest events that a request asks for.
 *
 * @param before only events before this id
 * @param limit the most events
 */
export async function readEvents(
  reading: Reading,
  request: FeedRequest,
  before: string | undefined,
  limit: number,
): Promise<ReadEvents> {
  const { tables } = reading;
  const { dataSource } = tables;
  const { types, sql } = dialectOf(dataSource);
  const plans = auditPlansOf(dataSource);
  const { event } = plans.own!;
  const { actor, not, action, request: requestId } = request.filters;
  const column = (property: string): string =>
    `e.${dataSource.driver.escape(event.findColumnWithPropertyName(property)!.databaseName)}`;
  const values: Record<string, unknown> = {};
  const where: string[] = [];
  const add = (name: string, value: unknown, condition: string): void => {
    if (value === undefined) return;
    values[name] = value;
    where.push(condition);
  };
  add('before', before, 'e.id < {{before}}');
  for (const [name, text] of Object.entries({ actor, action, request: requestId }))
    add(name, text, isText(reading, column(name), `{{${name}}}`));
  add('notActor', not?.actor, `(e.actor IS NULL OR NOT ${types.sameText('e.actor', '{{notActor}}')})`);
  add('transaction', request.transaction, `${column('transaction')} = {{transaction}}`);
  const { since, until } = request;
  add('since', since, 'e.created >= {{since}}');
  add('until', until, 'e.created < {{until}}');
  // An id has the time of its event too, and the primary key and the indexes are in the order of ids.
  add('oldest', firstIdOf(since, -CLOCK_TOLERANCE_SECONDS), 'e.id >= {{oldest}}');
  add('newest', firstIdOf(until, CLOCK_TOLERANCE_SECONDS), 'e.id < {{newest}}');
  const table = tableName(dataSource, event);
  const found = [actor, action, requestId, request.transaction].filter((given) => given !== undefined);
  // One filter is answered by its index. The others check the events that it finds.
  const isIndexed = found.length <= 1 && not?.actor === undefined;
  let floor: string | undefined;
  if (!isIndexed) {
    const lowest = tables.statement(
      `event floor ${before !== undefined}`,
      () =>
        `SELECT e.id AS id FROM ${table} e${before === undefined ? '' : ' WHERE e.id < {{before}}'} ` +
        `ORDER BY e.id DESC ${sql.limit(1, MAX_LOOKED_THROUGH)}`,
    );
    const [row] = await readRows(reading, lowest, { before });
    floor = row?.id as string | undefined;
    add('floor', floor, 'e.id >= {{floor}}');
  }
  const statement = tables.statement(['events', ...where, limit].join('\n'), () => {
    const columns = COLUMNS.map(
      (property) => `${column(property)} AS ${dataSource.driver.escape(`e_${property}`)}`,
    );
    return (
      `SELECT ${columns.join(', ')} FROM ${table} e${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''} ` +
      `ORDER BY e.id DESC ${sql.limit(limit)}`
    );
  });
  const rows = await readRows(reading, statement, values);
  const events = rows.map((row): FeedEvent => {
    const value = (property: (typeof COLUMNS)[number]): unknown =>
      dataSource.driver.prepareHydratedValue(
        row[`e_${property}`],
        event.findColumnWithPropertyName(property)!,
      );
    const [id, transaction, created, ...rest] = COLUMNS.map(value);
    const own = Object.fromEntries(rest.map((each, n) => [COLUMNS[n + 3], each]));
    // The table names the table, whose audited name may be another one tomorrow.
    const plan = plans.all.find(({ metadata }) => metadata.tablePath === own.entity);
    return {
      kind: 'event',
      id: id as string,
      createdAt: dateOf(created as number),
      ...own,
      entity: plan?.name ?? own.entity,
      transaction: transaction as string,
    } as FeedEvent;
  });
  return { events, floor };
}
