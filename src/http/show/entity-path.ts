import { type AuditPlan } from '../../audited/audit-plan.js';
import { type EntityId } from '../../history/types/entity-id.js';
import { toJson } from './json.js';

/**
 * The path segments of an entity; null for a junction table, which has no path.
 *
 * @param id the `entityId` of a revision
 * @example entityPath(planOfOrderLine, { code: 'a,b', line: 2 }) // → 'order_line/a%2Cb,2'
 */
export function entityPath({ name, keys, metadata }: AuditPlan, id: EntityId): string | null {
  if (metadata.isJunction) return null;
  const values = keys.map(({ source, databaseName }) => {
    if (keys.length === 1) return id;
    const path = source.isVirtual ? [databaseName] : source.propertyPath.split('.');
    return path.reduce<unknown>((outer, part) => (outer as Record<string, unknown>)[part], id);
  });
  return [
    encodeURIComponent(name),
    values.map((value) => encodeURIComponent(String(toJson(value)))).join(),
  ].join('/');
}
