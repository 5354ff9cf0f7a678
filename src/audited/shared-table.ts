import { type EntityMetadata } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { AuditConfigurationError } from '../audit.errors.js';
import { revisionPropertyPath } from '../revision/revision-table.js';
import { type AuditPlanDraft } from './audit-plan.js';
import { type AuditedOptions } from './marks/audited-options.js';
import { columnMasks } from './masks/masks.js';
import {
  excludedPaths,
  isWithin,
  propertyOf,
  quietColumns,
  revisionIdColumns,
  tableColumns,
} from './marks/properties.js';

const SHARED = [
  'name',
  'deletedState',
  'label',
  'tableName',
  'indexes',
  'when',
  'requireActor',
  'requireReason',
  'baseline',
] as const satisfies (keyof AuditedOptions)[];

/** Another entity, or a many-to-many relation, on the table of a draft. */
export interface Sharer {
  readonly metadata: EntityMetadata;
  /** The options of its own mark; undefined if it isn't marked and adopts the draft's options. */
  readonly options: AuditedOptions | undefined;
}

/**
 * The draft of a table that other entities or relations write too, with the columns, masks and `@RevisionId()` of all.
 *
 * @throws AuditConfigurationError naming the difference between two of them, and the remedy
 */
export function shareTable(draft: AuditPlanDraft, sharers: readonly Sharer[]): AuditPlanDraft {
  return sharers.reduce(addSharer, draft);
}

function addSharer(draft: AuditPlanDraft, sharer: Sharer): AuditPlanDraft {
  const { definition } = draft;
  const { metadata } = sharer;
  if (!metadata.isJunction) assertSameKey(definition.metadata, metadata);
  if (sharer.options) assertSameOptions(draft, sharer.options, metadata);
  const revisionId = draft.revisionId ?? revisionIdColumns(metadata).at(0);
  const excluded = excludedPaths(metadata, sharer.options ?? {});
  const isOut = (column: ColumnMetadata): boolean => isWithin(excluded, propertyOf(column));
  const known = namesOf([definition.metadata, ...draft.others].flatMap(tableColumns));
  const copied = namesOf(definition.columns);
  const quiet = sharer.options ? quietColumns(metadata, sharer.options) : draft.quiet;
  const added: ColumnMetadata[] = [];
  for (const column of tableColumns(metadata)) {
    const { databaseName } = column;
    if (databaseName === revisionId?.databaseName) continue;
    if (!known.has(databaseName)) {
      if (!isOut(column)) added.push(column);
    } else if (sharer.options && isOut(column) === copied.has(databaseName))
      throw conflict(
        definition.metadata,
        metadata,
        `only one of them leaves "${databaseName}" out of its history`,
        'Exclude it from both, or from neither',
      );
    else if (quiet.has(databaseName) !== draft.quiet.has(databaseName))
      throw conflict(
        definition.metadata,
        metadata,
        `only one of them declares "${databaseName}" quiet`,
        'Declare it in both, or in neither',
      );
  }
  const columns = [...definition.columns, ...added].filter(
    ({ databaseName }) => databaseName !== revisionId?.databaseName,
  );
  assertOwnPaths(definition.metadata, metadata, columns);
  return {
    ...draft,
    revisionId,
    quiet: new Set([...draft.quiet, ...quiet]),
    others: [...draft.others, metadata],
    definition: {
      ...definition,
      columns,
      masks: sharedMasks(draft, metadata, columns),
      synchronize: definition.synchronize || metadata.synchronize,
    },
  };
}

function sharedMasks(
  { definition }: AuditPlanDraft,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
): AuditPlanDraft['definition']['masks'] {
  const masks = new Map(
    [...columnMasks(metadata), ...(definition.masks ?? [])].map(([column, mask]) => [
      column.databaseName,
      mask,
    ]),
  );
  return new Map(
    columns.flatMap((column) => {
      const mask = masks.get(column.databaseName);
      return mask ? [[column, mask] as const] : [];
    }),
  );
}

function assertSameKey(one: EntityMetadata, other: EntityMetadata): void {
  const key = ({ primaryColumns }: EntityMetadata): string[] =>
    primaryColumns.map(({ databaseName }) => databaseName);
  if (key(one).toSorted().join() !== key(other).toSorted().join())
    throw conflict(
      one,
      other,
      `the primary key is (${key(one).join(', ')}) of one and (${key(other).join(', ')}) of the other`,
      'Give them the same key columns',
    );
}

function assertSameOptions(draft: AuditPlanDraft, options: AuditedOptions, metadata: EntityMetadata): void {
  const differing = SHARED.find((name) => draft.options[name] !== options[name]);
  if (differing)
    throw conflict(
      draft.definition.metadata,
      metadata,
      `their @Audited() differ in "${differing}"`,
      'Give both the same options, or mark only one of them',
    );
}

function assertOwnPaths(
  one: EntityMetadata,
  other: EntityMetadata,
  columns: readonly ColumnMetadata[],
): void {
  const names = new Map<string, string>();
  for (const column of columns) {
    const path = revisionPropertyPath(column);
    const taken = names.get(path);
    if (taken !== undefined)
      throw conflict(
        one,
        other,
        `"${path}" is the column "${taken}" of one and "${column.databaseName}" of the other`,
        'Rename one of the properties',
      );
    names.set(path, column.databaseName);
  }
}

function conflict(
  one: EntityMetadata,
  other: EntityMetadata,
  difference: string,
  remedy: string,
): AuditConfigurationError {
  return new AuditConfigurationError(
    `${one.name} and ${other.name} share the table "${one.tablePath}" and its history, but ${difference}. ${remedy}.`,
  );
}

function namesOf(columns: readonly ColumnMetadata[]): Set<string> {
  return new Set(columns.map(({ databaseName }) => databaseName));
}
