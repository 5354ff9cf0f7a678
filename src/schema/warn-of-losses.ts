import { Logger } from '@nestjs/common';
import { type DataSource } from 'typeorm';
import { type AuditPlan } from '../audited/audit-plan.js';
import { dialectOf } from '../dialect/dialect-of.js';
import { type ColumnChange, type ColumnChanges } from '../typeorm/column-changes.js';
import { type SchemaBuild } from '../typeorm/patches/schema-builder.patch.js';

/** Warns of the statements of TypeORM's that empty a column of an audited table. Its history is kept. */
export function warnOfLosses(
  { dataSource, tableOf }: SchemaBuild,
  plans: readonly AuditPlan[],
  changes: ColumnChanges,
): void {
  const logger = new Logger('AuditModule');
  for (const plan of plans) {
    const table = tableOf(plan.metadata);
    const names = (of: readonly ColumnChange[]): string[] =>
      of.filter((change) => change.table.name === table?.name).map(({ name }) => name);
    for (const name of names(changes.emptied)) logger.warn(emptied(dataSource, plan, name));
    // Two entities on one table drop and add each other's columns.
    const [dropped, added] = differences(names(changes.dropped), names(changes.added));
    if (dropped.length > 0 && added.length > 0) logger.warn(droppedAndAdded(plan, dropped, added));
  }
}

function emptied(dataSource: DataSource, { metadata, revision }: AuditPlan, name: string): string {
  const { schema } = dialectOf(dataSource);
  const column = metadata.columns.find(({ databaseName }) => databaseName === name);
  const place = { tablePath: metadata.tablePath, column: name };
  const [remedy] =
    (column && schema.widenColumn?.(place, schema.columnType(column), column.isNullable)) ?? [];
  return (
    `TypeORM changes the type of ${metadata.tablePath}.${name} by dropping and adding the column, so all rows lose its ` +
    `value. Its history in ${revision.tablePath} is kept, and verify() will report the rows.` +
    (remedy ? ` To keep the values, put this in place of both statements in the migration: ${remedy}` : '')
  );
}

function droppedAndAdded(
  { metadata, revision }: AuditPlan,
  dropped: readonly string[],
  added: readonly string[],
): string {
  const [from] = dropped;
  return (
    `TypeORM drops ${dropped.join(', ')} from ${metadata.tablePath} and adds ${added.join(', ')}; ${revision.tablePath} keeps ` +
    `both. If a column was renamed, say so before you generate the migration, and both tables keep its values: ` +
    `@Audited({ renamed: { ${from}: '…' } }).`
  );
}

function differences(left: readonly string[], right: readonly string[]): [string[], string[]] {
  return [left.filter((name) => !right.includes(name)), right.filter((name) => !left.includes(name))];
}
