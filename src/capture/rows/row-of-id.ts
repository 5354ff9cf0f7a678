import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { type WriteKind } from '../../dialect/keys/keys.js';
import { isText } from '../../dialect/types/type-names.js';
import { type RowReader } from './row-reader.js';

/**
 * The key, if a builder's criteria are exactly one key, as in `update(1, …)` and `delete({ id: 1 })`; else undefined.
 * With it no query is needed to find the row.
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
  // A deleted row is recorded under the given key, so the key must be exact. A collation may match other text, and a
  // number may match several texts.
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
