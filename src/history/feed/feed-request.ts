import { type DataSource, type EntityTarget } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { type OptionNames } from '../../option-names.js';
import { hasQuiet } from '../revisions/change-condition.js';
import { type ClassFilter, classFilter } from '../revisions/class-filter.js';
import { PAGE_OPTIONS } from '../arguments/all-items.js';
import { decodeTextCursor } from '../arguments/cursor.js';
import { assertBoolean, assertLimit, DEFAULT_LIMIT, transactionId, UUID } from '../arguments/checks.js';
import { assertFilters, FILTERS } from '../arguments/filters.js';
import { beginningOf, endOf, validDate } from '../arguments/moment.js';
import { type FeedEntities } from '../types/feed-entities.js';
import { type EventFeedOptions, type FeedOptions, type TransactionOptions } from '../types/feed.js';
import { type RevisionFilters } from '../types/filters.js';
import { NO_POSITION, type Position, positionIn } from './position.js';

export const TRANSACTION_OPTIONS: OptionNames<TransactionOptions> = PAGE_OPTIONS;

export const FEED_OPTIONS: OptionNames<FeedOptions> = {
  entities: true,
  ...PAGE_OPTIONS,
  from: true,
  to: true,
  transaction: true,
  quiet: true,
  events: true,
  ...FILTERS,
};

/** The options of a feed, checked and translated for SQL. */
export interface FeedRequest {
  readonly plans: readonly AuditPlan[];
  /** The class filters of tables of which the caller wants only some classes. */
  readonly classes: ReadonlyMap<AuditPlan, ClassFilter>;
  readonly limit: number;
  /** Only what is behind this position. */
  readonly position: Position;
  /** Only revisions from this `rev_created` on. */
  readonly since: number | undefined;
  /** Only revisions before this `rev_created`. */
  readonly until: number | undefined;
  readonly transaction: string | undefined;
  readonly filters: RevisionFilters;
  /** Whether quiet revisions may have to be left out. */
  readonly isLoud: boolean;
  /** Whether events are among the items. */
  readonly events: boolean;
}

/** The filters that only revisions can meet. */
const ONLY_REVISIONS = ['entities', 'operation', 'property', 'changed', 'reason'] as const;

/**
 * @throws NotAuditedError
 * @throws InvalidArgumentError naming the option
 */
export function feedRequest(dataSource: DataSource, options: FeedOptions | EventFeedOptions): FeedRequest {
  const {
    entities,
    limit = DEFAULT_LIMIT,
    cursor,
    from,
    to,
    transaction,
    quiet = false,
    events = false,
  } = options;
  const { actor, not, action, request, reason, operation, property, changed } = options;
  const filters = { actor, not, action, request, reason, operation, property, changed };
  assertLimit(limit);
  assertFilters(filters);
  assertBoolean('quiet', quiet);
  assertBoolean('events', events);
  if (!entities && (property !== undefined || changed !== undefined))
    throw new InvalidArgumentError(
      'entities',
      `must be the entities that have the property, got undefined. Give one entity, or several that all have it.`,
    );
  const clash = events ? ONLY_REVISIONS.find((name) => options[name] !== undefined) : undefined;
  if (clash)
    throw new InvalidArgumentError(
      'events',
      `must be left out beside ${clash}, got true. Events have no ${clash}, so none would be found.`,
    );
  const asked = entities ? plansOfEntities(dataSource, entities) : undefined;
  const plans = asked ? [...asked.keys()] : auditPlansOf(dataSource).all;
  return {
    plans,
    classes: classFilters(dataSource, asked),
    limit,
    position: cursor === undefined || cursor === null ? NO_POSITION : positionIn(cursor),
    since: from === undefined ? undefined : beginningOf(validDate('from', from)),
    until: to === undefined ? undefined : endOf(validDate('to', to)),
    transaction: transaction === undefined ? undefined : transactionId(transaction),
    filters,
    isLoud: !quiet && plans.some((plan) => hasQuiet(dataSource, plan)),
    events,
  };
}

/** The plans of the requested entities, with the requested classes of each. */
function plansOfEntities(
  dataSource: DataSource,
  entities: FeedEntities,
): Map<AuditPlan, EntityTarget<any>[]> {
  if (typeof entities !== 'object')
    throw new InvalidArgumentError(
      'entities',
      `must be a list of entities, or an object that has each under its audited name, got a ${typeof entities}.`,
    );
  const plans = auditPlansOf(dataSource);
  const asked = new Map<AuditPlan, EntityTarget<any>[]>();
  // A list has the names '0', '1', …, which nobody gave.
  const areNamed = !Array.isArray(entities);
  for (const [name, entity] of Object.entries<EntityTarget<any>>(entities)) {
    // The audited name comes first: it may be the name of another entity's table or class.
    const [named, ...others] = plans.all.filter(({ name }) => name === entity);
    if (others.length > 0)
      throw new InvalidArgumentError(
        'entities',
        `must name one entity, but several are audited as "${named.name}". Give their classes in place of the name.`,
      );
    const plan = named ?? plans.get(entity);
    if (areNamed && plan.name !== name)
      throw new InvalidArgumentError(
        'entities',
        `must have ${plan.metadata.name} under its audited name "${plan.name}", got "${name}".`,
      );
    asked.set(plan, [...(asked.get(plan) ?? []), named ? plan.metadata.target : entity]);
  }
  return asked;
}

function classFilters(
  dataSource: DataSource,
  asked: ReadonlyMap<AuditPlan, EntityTarget<any>[]> = new Map(),
): Map<AuditPlan, ClassFilter> {
  const filters = new Map<AuditPlan, ClassFilter>();
  for (const [plan, entities] of asked) {
    const filter = classFilter(dataSource, plan, entities, `class${filters.size}_`);
    if (filter) filters.set(plan, filter);
  }
  return filters;
}

/** @throws InvalidArgumentError naming the option */
export function transactionRequest(id: unknown, { limit = DEFAULT_LIMIT, cursor }: TransactionOptions) {
  assertLimit(limit);
  const transaction = transactionId(id);
  const list = `transaction ${transaction}`;
  const after = cursor === undefined || cursor === null ? undefined : decodeTextCursor(list, cursor, UUID);
  return { list, transaction, limit, after };
}
