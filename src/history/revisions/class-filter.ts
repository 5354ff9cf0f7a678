import { type DataSource, type EntityMetadata, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { recordedValue } from '../../audited/shapes/recorded-value.js';
import { keysEqual } from '../../dialect/keys/keys-equal.js';
import { tableName } from '../../dialect/catalogue/table-name.js';

/** Selects the revisions of some classes of a single-table inheritance. */
export interface ClassFilter {
  /** The names of the classes, for messages. */
  readonly name: string;
  /** The SQL condition on the revision with this alias. */
  readonly condition: (alias: string) => string;
  /** The condition's parameters. */
  readonly values: Readonly<ObjectLiteral>;
}

/**
 * The filter for child classes of a single-table inheritance and the classes that extend them. A root has all
 * revisions, so it needs none: undefined.
 *
 * A delete belongs to the class that the row had before it, because most deletes record only the key. If the revision
 * before was pruned, the delete belongs to no class.
 *
 * @param prefix of the parameters' names, where a statement has several filters
 */
export function classFilter(
  dataSource: DataSource,
  plan: AuditPlan,
  targets: readonly EntityTarget<any>[],
  prefix = 'class',
): ClassFilter | undefined {
  const asked = targets.map((target) => dataSource.getMetadata(target));
  const { discriminatorColumn } = plan.metadata;
  // Without a copy of the discriminator the class of a row is unknown.
  const column = plan.columns.find(({ source, mask }) => source === discriminatorColumn && !mask);
  if (!column || !asked.every(isChild)) return undefined;
  const classes = new Set(
    asked.flatMap((metadata) => [metadata, ...metadata.childEntityMetadatas.filter(isChild)]),
  );
  const discriminators = [...classes].map(({ discriminatorValue }) => discriminatorValue);
  const escape = (name: string): string => dataSource.driver.escape(name);
  const name = escape(column.databaseName);
  const isOf = (alias: string): string =>
    `${recordedValue(dataSource, plan, alias, column)} IN (${discriminators.map((_, n) => `{{${prefix}${n}}}`).join(', ')})`;
  const keys = plan.keys.map(({ databaseName }) => escape(databaseName));
  return {
    name: asked.map((metadata) => metadata.name).join(', '),
    condition: (alias) =>
      `(${isOf(alias)} OR (${alias}.rev_isdelete AND ${alias}.${name} IS NULL AND EXISTS (` +
      `SELECT 1 FROM ${tableName(dataSource, plan.revision)} c WHERE ${keysEqual(keys, 'c', alias)} ` +
      `AND c.rev_version = ${alias}.rev_version - 1 AND ${isOf('c')})))`,
    values: Object.fromEntries(discriminators.map((value, n) => [`${prefix}${n}`, value])),
  };
}

function isChild({ tableType }: EntityMetadata): boolean {
  return tableType === 'entity-child';
}
