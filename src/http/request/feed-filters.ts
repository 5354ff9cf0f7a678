import { type DataSource } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { parseValue } from '../../history/arguments/parse-id.js';
import { columnsOfProperty } from '../../history/reader/shown-columns.js';
import { type RevisionFilters } from '../../history/types/filters.js';

/** The query parameters of a feed that become filters of other names. */
export interface FeedFilterParameters {
  notActor?: string;
  property?: string;
  changedProperty?: string;
  /** Null for an empty text. */
  changedFrom?: string | null;
  changedTo?: string | null;
}

/**
 * The filters that parameters stand for.
 *
 * @param plan of the parameter `entity`
 * @throws InvalidArgumentError naming the parameter
 * @example feedFilters({ changedProperty: 'party', changedTo: '4' }, …) // → { changed: { party: { to: '4' } } }
 */
export function feedFilters(
  { notActor, property, changedProperty, changedFrom, changedTo }: FeedFilterParameters,
  plan: AuditPlan | undefined,
  dataSource: DataSource,
): RevisionFilters {
  const filters: RevisionFilters = {
    ...(notActor !== undefined && { not: { actor: notActor } }),
    ...(property !== undefined && { property }),
  };
  if (changedProperty === undefined) {
    if (changedFrom !== undefined || changedTo !== undefined)
      throw new InvalidArgumentError('changedProperty', 'must be given beside changedFrom and changedTo.');
    return filters;
  }
  const column = plan && columnsOfProperty(plan, changedProperty, new Set(), 'changedProperty')[0].source;
  const value = (name: string, text: string | null | undefined): unknown =>
    typeof text === 'string' && column ? parseValue(name, text, dataSource, column) : text;
  const from = value('changedFrom', changedFrom);
  const to = value('changedTo', changedTo);
  return {
    ...filters,
    changed: {
      [changedProperty]: { ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
    },
  };
}
