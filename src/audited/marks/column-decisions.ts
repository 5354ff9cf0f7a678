import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { AuditConfigurationError } from '../../audit.errors.js';
import { type AuditedOptions } from './audited-options.js';
import { excludedPaths, isWithin, propertyOf, tableColumns } from './properties.js';

/** What an entity decides about columns that it no longer has. */
export interface ColumnDecisions {
  /** The old and the new name of each column in `renamed`. */
  readonly renamed: readonly (readonly [from: string, to: string])[];
  /** The columns whose history is dropped. */
  readonly dropped: readonly string[];
}

export function columnDecisions(
  metadata: EntityMetadata,
  { renamed = {}, dropped = {} }: AuditedOptions,
): ColumnDecisions {
  return {
    renamed: Object.entries(renamed).map(([from, to]) => [from, columnOf(metadata, to)!.databaseName]),
    dropped: Object.keys(dropped),
  };
}

/** @throws AuditConfigurationError naming the entry of `renamed` or `dropped` that is wrong, and the remedy */
export function assertColumnDecisions(metadata: EntityMetadata, options: AuditedOptions): void {
  assertRenamed(metadata, options);
  assertDropped(metadata, options);
}

function assertRenamed(metadata: EntityMetadata, { renamed = {} }: AuditedOptions): void {
  const option = `@Audited({ renamed }) of ${metadata.name}`;
  const targets = new Set<string>();
  for (const [from, to] of Object.entries(renamed)) {
    const column = typeof to === 'string' ? columnOf(metadata, to) : undefined;
    if (!column)
      throw new AuditConfigurationError(
        `${option} must give "${from}" the property that it is now, got ${JSON.stringify(to)}. ` +
          `They are ${tableColumns(metadata).map(nameOf).join(', ')}.`,
      );
    if (hasColumn(metadata, from))
      throw new AuditConfigurationError(
        `${option} renames the column "${from}", which ${metadata.name} still has. Remove the entry.`,
      );
    if (targets.has(column.databaseName))
      throw new AuditConfigurationError(
        `${option} gives two columns the name "${column.databaseName}". Keep the entry of the column that was renamed last.`,
      );
    targets.add(column.databaseName);
  }
}

function assertDropped(metadata: EntityMetadata, options: AuditedOptions): void {
  const { dropped = {}, renamed = {} } = options;
  const option = `@Audited({ dropped }) of ${metadata.name}`;
  const excluded = excludedPaths(metadata, options);
  for (const [name, decision] of Object.entries(dropped)) {
    if (decision !== 'drop')
      throw new AuditConfigurationError(
        `${option} must give "${name}" the value 'drop', got ${JSON.stringify(decision)}. ` +
          `To keep its history, remove the entry.`,
      );
    const isCopied = tableColumns(metadata).some(
      (column) => column.databaseName === name && !isWithin(excluded, propertyOf(column)),
    );
    if (isCopied)
      throw new AuditConfigurationError(
        `${option} drops the history of the column "${name}", which ${metadata.name} still has. ` +
          `Remove or exclude the property first, or remove the entry.`,
      );
    if (name in renamed)
      throw new AuditConfigurationError(
        `${option} drops the history of the column "${name}", which renamed gives another name. Keep one of the entries.`,
      );
  }
}

// A join column is reached by its own name, as in a snapshot.
function columnOf(metadata: EntityMetadata, property: string): ColumnMetadata | undefined {
  const columns = tableColumns(metadata);
  return (
    columns.find((column) => nameOf(column) === property) ??
    columns.find((column) => propertyOf(column).propertyPath === property)
  );
}

function nameOf({ isVirtual, databaseName, propertyPath }: ColumnMetadata): string {
  return isVirtual ? databaseName : propertyPath;
}

function hasColumn(metadata: EntityMetadata, name: string): boolean {
  return tableColumns(metadata).some(({ databaseName }) => databaseName === name);
}
