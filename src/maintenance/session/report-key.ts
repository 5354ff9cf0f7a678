import { type DataSource } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { isInteger } from '../../dialect/types/type-names.js';
import { type Key } from '../../dialect/keys/key.js';

/** A key by property, for reports: `{ id: 1 }`. Bytes are hexadecimal, moments as the database writes them. */
export function reportKey({ driver }: DataSource, { keys }: AuditPlan, key: Key): Record<string, unknown> {
  return Object.fromEntries(
    keys.map(({ source, propertyPath }, n) => {
      const value = key[n];
      if (value instanceof Uint8Array) return [propertyPath, Buffer.from(value).toString('hex')];
      const isNumber = isInteger(driver.normalizeType(source)) && Number.isSafeInteger(Number(value));
      return [propertyPath, isNumber ? Number(value) : value];
    }),
  );
}
