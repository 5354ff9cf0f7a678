import { type DataSource } from 'typeorm';
import { InvalidArgumentError } from '../../audit.errors.js';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { parseValue } from '../../history/arguments/parse-id.js';
import { columnsOfProperty } from '../../history/reader/shown-columns.js';
import { type RevisionFilters } from '../../history/types/filters.js';

/** The query parameters of a list that become filters of other names. */
interface FilterParameters {
  notActor?: string;
  property?: string;
  changedProperty?: string;
  /** Null for an empty text. */
  changedFrom?: string | null;
  changedTo?: string | null;
}

/** The parameters that name properties, each with the property. */
export function propertiesIn({ property, changedProperty }: FilterParameters): [string, string][] {
  return Object.entries({ property, changedProperty }).filter(
    (entry): entry is [string, string] => !!entry[1],
  );
}

/**
 * The options of a list, from its parameters. The properties have to be checked before.
 *
 * @param plan of the entity
 * @throws InvalidArgumentError naming the parameter
 * @example listOptions({ limit: 2, changedProperty: 'party', changedTo: '4' }, …) // → { limit: 2, changed: { party: { to: '4' } } }
 */
export function listOptions(
  { notActor, changedProperty, changedFrom, changedTo, ...others }: FilterParameters,
  plan: AuditPlan | undefined,
  dataSource: DataSource,
): RevisionFilters {
  const options = { ...others, ...(notActor !== undefined && { not: { actor: notActor } }) };
  if (changedProperty === undefined) {
    if (changedFrom !== undefined || changedTo !== undefined)
      throw new InvalidArgumentError('changedProperty', 'must be given beside changedFrom and changedTo.');
    return options;
  }
  const column = plan && columnsOfProperty(plan, changedProperty, new Set(), 'changedProperty')[0].source;
  const value = (name: string, text: string | null | undefined): unknown =>
    typeof text === 'string' && column ? parseValue(name, text, dataSource, column) : text;
  const from = value('changedFrom', changedFrom);
  const to = value('changedTo', changedTo);
  const values = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  return { ...options, changed: { [changedProperty]: values } };
}
