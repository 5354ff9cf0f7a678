import { InvalidArgumentError } from '../../audit.errors.js';
import { MAX_ACTOR_LENGTH } from '../../audit.options.js';
import { type AuditPlan, type PlanColumn } from '../../audited/audit-plan.js';
import { columnsWithin } from '../reader/shown-columns.js';
import { writableColumns } from './restore-check.js';

/**
 * The columns of the option `properties`.
 *
 * @throws InvalidArgumentError 'properties', when one of them has no column that a restore can write
 */
export function restoredColumns(plan: AuditPlan, properties: readonly string[]): PlanColumn[] {
  const { metadata } = plan;
  const candidates = restorableColumns(plan);
  const known = (): string => restorableProperties(plan).join(', ');
  if (!Array.isArray(properties) || properties.length === 0)
    throw new InvalidArgumentError(
      'properties',
      `must be an array of one or more properties, got ${Array.isArray(properties) ? 'none' : typeof properties}. ` +
        `${metadata.name} has ${known()}. Leave it out to restore all.`,
    );
  const columns = properties.flatMap((property: unknown) => {
    const within = typeof property === 'string' ? columnsWithin(plan, candidates, property) : [];
    if (within.length > 0) return within;
    throw new InvalidArgumentError(
      'properties',
      `must name properties of ${metadata.name} that a restore can write, got "${String(property)}". They are ${known()}.`,
    );
  });
  return [...new Set(columns)];
}

/** The property paths of the columns that a restore can write. */
export function restorableProperties(plan: AuditPlan): string[] {
  return [...new Set(restorableColumns(plan).map(({ propertyPath }) => propertyPath))];
}

// A version column always counts on, and a materialized path belongs to the place in the tree.
function restorableColumns(plan: AuditPlan): PlanColumn[] {
  return writableColumns(plan).filter(
    ({ source }) => !source.isVersion && source !== plan.metadata.materializedPathColumn,
  );
}

/**
 * The default reason of a restore.
 *
 * @param moment `version 2` or an ISO date
 * @example restoreReason('version 2', ['status', 'guest']) // → 'restore of status, guest of version 2'
 */
export function restoreReason(moment: string, properties: readonly string[] | undefined): string {
  if (!properties) return `restore of ${moment}`;
  const reason = `restore of ${properties.join(', ')} of ${moment}`;
  return reason.length <= MAX_ACTOR_LENGTH
    ? reason
    : `restore of ${properties.length} properties of ${moment}`;
}
