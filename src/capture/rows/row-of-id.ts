import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { isText } from '../../dialect/types/type-names.js';
import { type RowReader } from './row-reader.js';

/**
 * The key that a builder's criteria consist of, as in `update(1, …)` and `delete({ id: 1 })`; undefined where they
 * are anything else. What they can hit needs not be asked of the database.
 */
export function soleKeyOf(
  reader: RowReader & { driverKey(plan: AuditPlan, id: unknown): Key },
  plan: AuditPlan,
  kind: WriteKind,
  criteria: unknown,
): Key | undefined {
  const columns = plan.keys.map(({ source }) => source);
  if (columns.some((column) => column.relationMetadata ?? column.embeddedMetadata ?? column.transformer))
    return undefined;
  const [id, ...others] = Array.isArray(criteria) ? (criteria as unknown[]) : [criteria];
  if (others.length > 0) return undefined;
  const values = isPlain(id) ? columns.map((column) => id[column.propertyName]) : [id];
  if (values.length !== columns.length || (isPlain(id) && Object.keys(id).length !== columns.length))
    return undefined;
  // What is gone is recorded under the key as it is given. Text may be found by other text, and by a number several.
  const isExact = (value: unknown, n: number): boolean => {
    if (typeof value === 'string') return kind !== 'delete';
    return (
      (kind === 'delete' ? Number.isSafeInteger(value) : typeof value === 'number') &&
      !isText(reader.dataSource.driver.normalizeType(columns[n]))
    );
  };
  return values.every(isExact) ? reader.driverKey(plan, id) : undefined;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
