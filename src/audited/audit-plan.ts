import { type DataSource, type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { type Mask } from '../dialect/masks/digest-key.js';
import { type RevisionDefinition, revisionPropertyPath } from '../revision/revision-table.js';
import { revisionTableName } from '../revision/revision-table-name.js';
import { numberOfShape, numberOfTable, type ShapeMask } from '../revision/shape.js';
import { assertAuditable, assertPlainName } from './assert-auditable.js';
import { type AuditedOptions } from './marks/audited-options.js';
import { type ColumnDecisions, columnDecisions } from './marks/column-decisions.js';
import { type Markable } from './marks/marks.js';
import { columnMasks } from './masks/masks.js';
import { type Requirements, requirementsOf } from './required.js';
import { type ColumnGap } from './shapes/column-gap.js';
import { type EmptiedColumn } from './shapes/emptied-column.js';
import {
  excludedPaths,
  isWithin,
  propertyOf,
  quietColumns,
  revisionIdColumns,
  tableColumns,
} from './marks/properties.js';

/** One column of an audited table and its copy in the revision table. */
export interface PlanColumn {
  readonly source: ColumnMetadata;
  readonly copy: ColumnMetadata;
  /** The name of both columns. */
  readonly databaseName: string;
  /**
   * The value's path in a snapshot and a change: `party`, `address.city`, `guest_fk`. Two columns of a single-table
   * inheritance may have the same path, in two classes.
   */
  readonly propertyPath: string;
  /** What the copy holds instead of the value; undefined if it holds the value. */
  readonly mask: Mask | undefined;
  /** Whether `changes` leaves it out, because it changes with every write. */
  readonly isQuiet: boolean;
}

/** What is audited of one table, and where its history is. */
export interface AuditPlan {
  /** The audited name: `@Audited({ name })`, else the table's name. */
  readonly name: string;
  /** The audited table; for a single-table inheritance its root. */
  readonly metadata: EntityMetadata;
  /** Other entities and many-to-many relations on the same table. */
  readonly others: readonly EntityMetadata[];
  readonly revision: EntityMetadata;
  /** The number of the table in changesets. */
  readonly number: number;
  /** The `rev_shape` of the revisions that this plan writes. */
  readonly shape: number;
  /** The columns that revisions of other shapes lack, by name; known once the table of shapes has been read. */
  readonly gaps: ReadonlyMap<string, ColumnGap>;
  /** The columns that a migration has emptied, by name; known as `gaps` are. */
  readonly emptied: ReadonlyMap<string, EmptiedColumn>;
  /** The columns of the revision table that the entity has no more; known once the table has been looked at. */
  readonly kept: readonly string[];
  /** The columns that are wider in the revision table than in the audited one, by name; known as `kept` is. */
  readonly narrowed: ReadonlySet<string>;
  /** The primary key, in its order. */
  readonly keys: readonly PlanColumn[];
  /** Every copied column, the primary key included. */
  readonly columns: readonly PlanColumn[];
  readonly deletedState: 'null' | 'last';
  readonly label: AuditedOptions['label'];
  readonly when: AuditedOptions['when'];
  /** What the table's own options require of a write. */
  readonly requires: Requirements;
  readonly baseline: 'first-write' | 'none';
  /** The `@RevisionId()` column, if the entity has one. */
  readonly revisionId: ColumnMetadata | undefined;
  /** What `renamed` and `dropped` say to migrations. */
  readonly decisions: ColumnDecisions;
}

/** A plan before the metadata of its revision table exists. */
export interface AuditPlanDraft {
  readonly name: string;
  readonly options: AuditedOptions;
  /** Other entities and many-to-many relations on the same table. */
  readonly others: readonly EntityMetadata[];
  readonly revisionId: ColumnMetadata | undefined;
  /** The names of the quiet columns. */
  readonly quiet: ReadonlySet<string>;
  readonly definition: RevisionDefinition;
}

/** The draft for an entity. @throws AuditConfigurationError naming the part that can't be audited, and the remedy */
export function draftPlan(
  dataSource: DataSource,
  metadata: EntityMetadata,
  target: Markable,
  options: AuditedOptions,
): AuditPlanDraft {
  assertAuditable(metadata, options);
  const revisionId = revisionIdColumns(metadata).at(0);
  const excluded = excludedPaths(metadata, options);
  const columns = tableColumns(metadata).filter(
    (column) => column !== revisionId && !isWithin(excluded, propertyOf(column)),
  );
  const { tableName } = options;
  assertPlainName(metadata, tableName);
  return {
    name: options.name ?? metadata.tableName,
    options,
    others: [],
    revisionId,
    quiet: quietColumns(metadata, options),
    definition: {
      metadata,
      target: target as RevisionDefinition['target'],
      ...(tableName === undefined
        ? revisionTableName(dataSource, metadata, target as RevisionDefinition['target'])
        : { tableName, givenName: tableName }),
      columns,
      masks: columnMasks(metadata),
      copyIndexes: options.indexes === 'copy',
      synchronize: metadata.synchronize,
    },
  };
}

/** The drafts for the junction tables that an audited entity owns. */
export function draftJunctions(dataSource: DataSource, owner: AuditPlanDraft): AuditPlanDraft[] {
  const { metadata } = owner.definition;
  const excluded = excludedPaths(metadata, owner.options);
  // TypeORM's own list of owners is only filled for entities that have a generated column.
  return metadata.manyToManyRelations
    .filter((relation) => relation.isManyToManyOwner && !isWithin(excluded, relation))
    .map((relation) => relation.junctionEntityMetadata!)
    .map((junction) => ({
      name: junction.tableName,
      options: {
        deletedState: owner.options.deletedState,
        when: owner.options.when,
        ...requirementsOf(owner.options),
        baseline: owner.options.baseline,
      },
      others: [],
      revisionId: undefined,
      quiet: new Set(),
      definition: {
        metadata: junction,
        target: undefined,
        ...revisionTableName(dataSource, junction),
        columns: junction.columns,
        copyIndexes: owner.options.indexes === 'copy',
        synchronize: junction.synchronize,
      },
    }));
}

/** The plan for another entity on the same table: with the columns and properties of that entity. */
export function viewOf(plan: AuditPlan, metadata: EntityMetadata): AuditPlan {
  const byName = new Map(tableColumns(metadata).map((column) => [column.databaseName, column]));
  const columns = plan.columns.flatMap((column): PlanColumn[] => {
    const source = byName.get(column.databaseName);
    return source ? [{ ...column, source, propertyPath: revisionPropertyPath(source) }] : [];
  });
  return {
    ...plan,
    metadata,
    others: [],
    columns,
    keys: plan.keys.map((key) => columns.find(({ databaseName }) => databaseName === key.databaseName)!),
    revisionId: plan.revisionId && byName.get(plan.revisionId.databaseName),
  };
}

/** Whether an entity or a relation on a plan's table has its key, in the same order. */
export function hasKeyOf({ keys }: AuditPlan, { primaryColumns }: EntityMetadata): boolean {
  return (
    keys.length === primaryColumns.length &&
    keys.every(({ databaseName }, n) => databaseName === primaryColumns[n].databaseName)
  );
}

/** The metadata of another entity or relation on a plan's table, with the plan's key in place of its own. */
export function withKeyOf({ keys }: AuditPlan, metadata: EntityMetadata): EntityMetadata {
  const own = new Map(metadata.columns.map((column) => [column.databaseName, column]));
  const primaryColumns = keys.map(({ source }) => own.get(source.databaseName) ?? source);
  return Object.create(metadata, { primaryColumns: { value: primaryColumns } }) as EntityMetadata;
}

/** The plan of a draft and the revision table's metadata. */
export function completePlan(draft: AuditPlanDraft, revision: EntityMetadata): AuditPlan {
  const { metadata, columns, masks } = draft.definition;
  const planned = columns.map((source): PlanColumn => {
    const { databaseName, isVirtual, propertyPath } = source;
    const copy = revision.findColumnWithPropertyPath(revisionPropertyPath(source))!;
    return {
      source,
      copy,
      databaseName,
      propertyPath: isVirtual ? databaseName : propertyPath,
      mask: masks?.get(source),
      isQuiet: draft.quiet.has(databaseName),
    };
  });
  return {
    name: draft.name,
    metadata,
    others: draft.others,
    revision,
    number: numberOfTable(metadata.tablePath),
    shape: shapeOf(planned),
    gaps: new Map(),
    emptied: new Map(),
    kept: [],
    narrowed: new Set(),
    keys: metadata.primaryColumns.map((key) => planned.find((column) => column.source === key)!),
    columns: planned,
    deletedState: draft.options.deletedState ?? 'null',
    label: draft.options.label,
    when: draft.options.when,
    requires: requirementsOf(draft.options),
    baseline: draft.options.baseline ?? 'first-write',
    revisionId: draft.revisionId,
    decisions: columnDecisions(metadata, draft.options),
  };
}

/**
 * The number of a plan's columns in `audit_shape`. A column of another type or mask is another column: the values of
 * the old one are kept under another name.
 */
export function shapeOf(columns: readonly PlanColumn[]): number {
  return numberOfShape(
    columns.map(({ databaseName, copy, mask }) => {
      const type = typeof copy.type === 'function' ? copy.type.name : copy.type;
      const sizes = [copy.length, copy.precision, copy.scale];
      return JSON.stringify([
        databaseName,
        type,
        sizes,
        copy.isArray,
        !!copy.unsigned,
        mask && maskKind(mask),
      ]);
    }),
  );
}

/** The kind of a mask in `audit_shape`. */
export function maskKind(mask: Mask): ShapeMask {
  return typeof mask === 'function' ? 'function' : 'digest';
}
