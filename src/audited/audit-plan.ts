import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { AuditConfigurationError } from '../audit.errors.js';
import { REVISION_COLUMN_PREFIX } from '../revision/revision-columns.js';
import { type RevisionDefinition, revisionPropertyPath } from '../revision/revision-metadata.js';
import { type AuditedOptions } from './audited.decorator.js';
import { type Markable, markedProperties } from './marks.js';

/** One column of an audited table and its copy in the revision table. */
export interface PlanColumn {
  readonly source: ColumnMetadata;
  readonly copy: ColumnMetadata;
  /** Of both. */
  readonly databaseName: string;
  /** Where the value is in a revision, a snapshot and a change: `party`, `address.city`, `guest_fk`. */
  readonly propertyPath: string;
}

/** All that reading and writing the history of one table needs to know about it. */
export interface AuditPlan {
  /** The name in the HTTP API. */
  readonly name: string;
  /** The audited table; of a single-table inheritance the root. */
  readonly metadata: EntityMetadata;
  readonly revision: EntityMetadata;
  /** The primary key, in its order. */
  readonly keys: readonly PlanColumn[];
  /** Every copied column, the primary key included. */
  readonly columns: readonly PlanColumn[];
  readonly deletedState: 'null' | 'last';
  readonly when: AuditedOptions['when'];
  /** The `@RevisionId()` column, if the entity has one. */
  readonly revisionId: ColumnMetadata | undefined;
}

/** What is known of a plan before its revision table exists. */
export interface AuditPlanDraft {
  readonly name: string;
  readonly options: AuditedOptions;
  readonly revisionId: ColumnMetadata | undefined;
  readonly definition: RevisionDefinition;
}

/** The draft for an entity. @throws AuditConfigurationError naming what can't be audited and the remedy */
export function draftPlan(
  metadata: EntityMetadata,
  target: Markable,
  options: AuditedOptions,
): AuditPlanDraft {
  const revisionId = metadata.columns.find((column) => isMarked('revision-id', metadata, column));
  assertAuditable(metadata, options, revisionId);
  const columns = tableColumns(metadata).filter(
    (column) => column !== revisionId && !isExcluded(metadata, options, column),
  );
  for (const key of metadata.primaryColumns)
    if (!columns.includes(key))
      throw new AuditConfigurationError(
        `${metadata.name}.${key.propertyPath} is part of the primary key and can't be left out of the history. ` +
          `Remove it from exclude, or @NotAudited() from it.`,
      );
  return {
    name: options.name ?? metadata.tableName,
    options,
    revisionId,
    definition: {
      metadata,
      target: target as RevisionDefinition['target'],
      tableName: options.tableName ?? `${metadata.tableNameWithoutPrefix}_rev`,
      columns,
      copyIndexes: options.indexes === 'copy',
    },
  };
}

/** The drafts for the junction tables that an audited entity owns. */
export function draftJunctions(owner: AuditPlanDraft): AuditPlanDraft[] {
  const { metadata } = owner.definition;
  return metadata.ownerManyToManyRelations
    .filter((relation) => !isExcludedPath(metadata, owner.options, relation.propertyPath))
    .map((relation) => relation.junctionEntityMetadata!)
    .map((junction) => ({
      name: junction.tableName,
      options: { deletedState: owner.options.deletedState, when: owner.options.when },
      revisionId: undefined,
      definition: {
        metadata: junction,
        target: undefined,
        tableName: `${junction.tableNameWithoutPrefix}_rev`,
        columns: junction.columns,
        copyIndexes: owner.options.indexes === 'copy',
      },
    }));
}

/** The plan, now that the revision table's metadata is there. */
export function completePlan(draft: AuditPlanDraft, revision: EntityMetadata): AuditPlan {
  const { metadata, columns } = draft.definition;
  const planned = columns.map((source): PlanColumn => {
    const propertyPath = revisionPropertyPath(source);
    const copy = revision.findColumnWithPropertyPath(propertyPath)!;
    return { source, copy, databaseName: source.databaseName, propertyPath };
  });
  return {
    name: draft.name,
    metadata,
    revision,
    keys: metadata.primaryColumns.map((key) => planned.find((column) => column.source === key)!),
    columns: planned,
    deletedState: draft.options.deletedState ?? 'null',
    when: draft.options.when,
    revisionId: draft.revisionId,
  };
}

function assertAuditable(
  metadata: EntityMetadata,
  options: AuditedOptions,
  revisionId: ColumnMetadata | undefined,
): void {
  if (metadata.tableType === 'view')
    throw new AuditConfigurationError(
      `${metadata.name} is a view and has no writes to audit. Put @Audited() on the entities that it reads.`,
    );
  if (metadata.tableType === 'entity-child')
    throw new AuditConfigurationError(
      `${metadata.name} shares the table of ${metadata.parentEntityMetadata.name}. Put @Audited() on ${metadata.parentEntityMetadata.name}.`,
    );
  if (metadata.primaryColumns.length === 0)
    throw new AuditConfigurationError(
      `${metadata.name} has no primary key, so its rows have no history of their own. Give it a primary column.`,
    );
  for (const column of tableColumns(metadata))
    if (column !== revisionId && column.databaseName.startsWith(REVISION_COLUMN_PREFIX))
      throw new AuditConfigurationError(
        `${metadata.name}.${column.propertyPath} is the column "${column.databaseName}", but names that begin with ` +
          `"${REVISION_COLUMN_PREFIX}" belong to the revision table. Give it another name, or mark it with @RevisionId() if it is to hold the newest revision's id.`,
      );
  for (const path of options.exclude ?? [])
    if (!isPathOf(metadata, path))
      throw new AuditConfigurationError(
        `@Audited({ exclude }) of ${metadata.name} names "${path}", which is none of its properties. ` +
          `Its columns are ${metadata.columns.map((column) => column.propertyPath).join(', ')}.`,
      );
}

// A @VirtualColumn() is a query, not a column of the table.
function tableColumns(metadata: EntityMetadata): ColumnMetadata[] {
  return metadata.columns.filter((column) => !column.isVirtualProperty);
}

function isPathOf(metadata: EntityMetadata, path: string): boolean {
  return (
    metadata.columns.some((column) => prefixesOf(column.propertyPath).includes(path)) ||
    metadata.relations.some((relation) => prefixesOf(relation.propertyPath).includes(path))
  );
}

function isExcluded(metadata: EntityMetadata, options: AuditedOptions, column: ColumnMetadata): boolean {
  // A relation that shares its column with an ordinary property doesn't take that property along.
  const path = column.isVirtual && column.relationMetadata ? column.relationMetadata.propertyPath : column.propertyPath;
  return isExcludedPath(metadata, options, path) || isMarked('not-audited', metadata, column);
}

function isExcludedPath(metadata: EntityMetadata, options: AuditedOptions, path: string): boolean {
  return prefixesOf(path).some(
    (prefix) =>
      options.exclude?.includes(prefix) ||
      metadata.inheritanceTree.some((type) => markedProperties('not-audited', type).includes(prefix)),
  );
}

// A mark inside an embedded class is on that class, under the property's name there.
function isMarked(
  kind: 'not-audited' | 'revision-id',
  metadata: EntityMetadata,
  column: ColumnMetadata,
): boolean {
  const embeddeds = column.embeddedMetadata?.embeddedMetadataTree ?? [];
  if (embeddeds.length === 0)
    return metadata.inheritanceTree.some((type) => markedProperties(kind, type).includes(column.propertyName));
  return embeddeds.some((embedded, at) =>
    markedProperties(kind, embedded.type).includes(embeddeds[at + 1]?.propertyName ?? column.propertyName),
  );
}

/** 'a.b.c' → ['a', 'a.b', 'a.b.c'] */
function prefixesOf(path: string): string[] {
  const names = path.split('.');
  return names.map((_, at) => names.slice(0, at + 1).join('.'));
}
