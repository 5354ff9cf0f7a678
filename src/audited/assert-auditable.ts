import { inspect } from 'node:util';
import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { AuditConfigurationError } from '../audit.errors.js';
import { REVISION_COLUMN_PREFIX, REVISION_COLUMNS } from '../revision/revision-columns.js';
import { revisionPropertyPath } from '../revision/revision-table.js';
import { type AuditedOptions } from './marks/audited-options.js';
import { assertOptions } from './marks/assert-options.js';
import { assertColumnDecisions } from './marks/column-decisions.js';
import { assertMasks, columnMasks } from './masks/masks.js';
import {
  excludedPaths,
  isWithin,
  prefixesOf,
  propertyOf,
  propertyPaths,
  revisionIdColumns,
  tableColumns,
} from './marks/properties.js';

/** @throws AuditConfigurationError naming the part of the entity that can't be audited, and the remedy */
export function assertAuditable(metadata: EntityMetadata, options: AuditedOptions): void {
  assertTable(metadata);
  assertOptions(metadata.name, options);
  const revisionIds = revisionIdColumns(metadata);
  assertOneRevisionId(metadata, revisionIds);
  const excluded = excludedPaths(metadata, options);
  assertPaths(metadata, 'exclude', options.exclude);
  assertKeyIsIn(metadata, excluded);
  assertPaths(metadata, 'quiet', options.quiet);
  assertMasks(metadata);
  assertLabel(metadata, options, excluded);
  assertColumnDecisions(metadata, options);
  for (const column of tableColumns(metadata)) {
    if (revisionIds.includes(column)) continue;
    assertOwnName(metadata, column);
    if (!isWithin(excluded, propertyOf(column))) assertOwnProperty(metadata, column);
  }
}

function assertTable(metadata: EntityMetadata): void {
  if (metadata.tableType === 'view')
    throw new AuditConfigurationError(
      `${metadata.name} is a view and has no writes to audit. Put @Audited() on the entities that it reads.`,
    );
  if (metadata.tableType === 'entity-child')
    throw new AuditConfigurationError(
      `${metadata.name} shares the table of ${metadata.parentEntityMetadata.name}, which has one history. ` +
        `Put @Audited() and its options on ${metadata.parentEntityMetadata.name}.`,
    );
}

function assertOneRevisionId(metadata: EntityMetadata, [first, second]: readonly ColumnMetadata[]): void {
  if (second)
    throw new AuditConfigurationError(
      `${metadata.name} has @RevisionId() on ${first.propertyPath} and on ${second.propertyPath}. Keep one of them.`,
    );
}

function assertPaths(metadata: EntityMetadata, option: string, given: readonly string[] = []): void {
  const paths = propertyPaths(metadata);
  for (const path of given)
    if (!paths.some((known) => prefixesOf(known).includes(path)))
      throw new AuditConfigurationError(
        `@Audited({ ${option} }) of ${metadata.name} must name its properties, got "${path}". They are ${paths.join(', ')}.`,
      );
}

function assertLabel(
  metadata: EntityMetadata,
  { label }: AuditedOptions,
  excluded: ReadonlySet<string>,
): void {
  if (label === undefined || typeof label === 'function') return;
  const masks = columnMasks(metadata);
  const shown = tableColumns(metadata)
    .filter((column) => column.isSelect && !masks.has(column) && !isWithin(excluded, propertyOf(column)))
    .map(({ isVirtual, databaseName, propertyPath }) => (isVirtual ? databaseName : propertyPath));
  if (!shown.includes(label))
    throw new AuditConfigurationError(
      `@Audited({ label }) of ${metadata.name} must be a column that snapshots show, or a function of a snapshot, ` +
        `got ${inspect(label)}. The columns are ${shown.join(', ')}.`,
    );
}

function assertKeyIsIn(metadata: EntityMetadata, excluded: ReadonlySet<string>): void {
  for (const key of metadata.primaryColumns)
    if (isWithin(excluded, propertyOf(key)))
      throw new AuditConfigurationError(
        `${metadata.name}.${key.propertyPath} is part of the primary key and can't be left out of the history. ` +
          `Remove it from exclude, or remove its @NotAudited().`,
      );
}

function assertOwnName(metadata: EntityMetadata, { databaseName, propertyPath }: ColumnMetadata): void {
  if (databaseName.toLowerCase().startsWith(REVISION_COLUMN_PREFIX))
    throw new AuditConfigurationError(
      `${metadata.name}.${propertyPath} is the column "${databaseName}", but names that begin with "${REVISION_COLUMN_PREFIX}" belong to ` +
        `the revision table. Give it another name, or mark it with @RevisionId() to have it hold the newest revision's id.`,
    );
}

function assertOwnProperty(metadata: EntityMetadata, column: ColumnMetadata): void {
  const [property] = revisionPropertyPath(column).split('.');
  if (Object.hasOwn(REVISION_COLUMNS, property))
    throw new AuditConfigurationError(
      `${metadata.name}.${column.propertyPath} can't be copied: every revision has a property "${property}" of its own. ` +
        `Rename the property; { name } keeps its column.`,
    );
}

/** @throws AuditConfigurationError when the name of a revision table has dots, at which TypeORM would split it */
export function assertPlainName({ name, tablePath }: EntityMetadata, revisions: string | undefined): void {
  if (revisions?.includes('.'))
    throw new AuditConfigurationError(
      `@Audited({ tableName: '${revisions}' }) of ${name} has a dot. Give only the table's name: ` +
        `the table is in the schema of ${tablePath}.`,
    );
}
