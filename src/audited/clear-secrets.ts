import { type DataSource } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { isText } from '../dialect/types/type-names.js';
import { type AuditPlan, type PlanColumn } from './audit-plan.js';
import { auditPlansOf } from './audit-plans.js';
import { isLeftOut, loadedDecoratorStorages } from './class-transformer.js';
import { keptInClear } from './masks/masks.js';
import { looksSecret } from './masks/secret-names.js';

/** A warning that names the unmasked columns with names of secrets; undefined if there are none. */
export function clearSecretsWarning(dataSource: DataSource): string | undefined {
  const names = auditPlansOf(dataSource).all.flatMap((plan) =>
    plan.columns
      .filter((column) => isClearSecret(plan, column, dataSource))
      .map(({ propertyPath }) => `${plan.metadata.name}.${propertyPath}`),
  );
  if (names.length === 0) return undefined;
  return (
    `${names.join(', ')}: the names look like secrets, and the history keeps their values in clear. ` +
    `Put @Masked() or @NotAudited() on each, or @Masked(false) to keep it in clear.`
  );
}

function isClearSecret(plan: AuditPlan, { source, mask }: PlanColumn, { driver }: DataSource): boolean {
  return (
    mask === undefined &&
    source.isSelect &&
    !source.isVirtual &&
    looksSecret(source.propertyName) &&
    isText(driver.normalizeType(source)) &&
    !keptInClear(plan.metadata, source) &&
    !isHidden(source)
  );
}

function isHidden({ entityMetadata: { target }, propertyPath }: ColumnMetadata): boolean {
  const [property] = propertyPath.split('.');
  return (
    typeof target === 'function' &&
    loadedDecoratorStorages().some((storage) => isLeftOut(storage, target, property, {}))
  );
}
