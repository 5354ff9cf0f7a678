import { type DataSource, type EntityMetadata } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { assertSupported, dialectOf } from '../dialect/dialect-of.js';
import { schemaOf } from '../typeorm/patches/data-source.patch.js';
import { type AuditPlanDraft, draftJunctions, draftPlan } from './audit-plan.js';
import { auditedMark, classMark, type Markable, ownAuditedMark } from './marks/marks.js';
import { shareTable } from './shared-table.js';

/** One draft for each audited table of a data source. @throws AuditConfigurationError */
export function draftPlans(dataSource: DataSource): AuditPlanDraft[] {
  const entities: AuditPlanDraft[] = [];
  for (const metadata of dataSource.entityMetadatas) {
    const target = targetOf(metadata);
    const mark = target && classMark(target);
    if (mark === 'left out') assertOwnTable(metadata);
    if (!mark || mark === 'left out' || isCoveredByParent(metadata, target)) continue;
    assertSupported(dataSource, metadata.name);
    entities.push(draftPlan(dataSource, metadata, target, mark));
  }
  const junctions = new Map(
    entities
      .flatMap((owner) => draftJunctions(dataSource, owner))
      .map((draft) => [draft.definition.metadata, draft]),
  );
  return oneDraftEach(dataSource, [...entities, ...junctions.values()]);
}

// A table has one history, even if several entities or many-to-many relations write it.
function oneDraftEach(dataSource: DataSource, drafts: readonly AuditPlanDraft[]): AuditPlanDraft[] {
  if (drafts.length === 0) return [];
  // One entity may name the table's schema, and another one leave it out.
  const { tablePlace } = dialectOf(dataSource).catalogue;
  const byTable = new Map<string, AuditPlanDraft[]>();
  for (const draft of drafts) {
    const place = tablePlace(draft.definition.metadata);
    byTable.set(place, [...(byTable.get(place) ?? []), draft]);
  }
  const known = new Map<string, EntityMetadata[]>();
  for (const metadata of dataSource.entityMetadatas) {
    if (metadata.tableType === 'entity-child' || metadata.tableType === 'view') continue;
    const place = tablePlace(metadata);
    if (byTable.has(place)) known.set(place, [...(known.get(place) ?? []), metadata]);
  }
  return [...byTable].map(([place, [first, ...others]]) => {
    const drafted = new Set([first, ...others].map(({ definition }) => definition.metadata));
    const unmarked = (known.get(place) ?? []).filter((metadata) => !drafted.has(metadata));
    // An entity takes precedence over a junction table, because the history is read by property names.
    const adopting = first.definition.metadata.isJunction
      ? unmarked.find(({ isJunction }) => !isJunction)
      : undefined;
    const sharers = [
      ...others.map(({ definition: { metadata }, options }) => ({
        metadata,
        options: metadata.isJunction ? undefined : options,
      })),
      ...unmarked
        .filter((metadata) => metadata !== adopting)
        .map((metadata) => ({ metadata, options: undefined })),
    ];
    if (!adopting) return shareTable(first, sharers);
    const { options, definition } = first;
    const indexes = definition.copyIndexes ? 'copy' : 'none';
    const draft = draftPlan(dataSource, adopting, targetOf(adopting)!, { ...options, indexes });
    return shareTable(draft, [{ metadata: definition.metadata, options: undefined }, ...sharers]);
  });
}

function targetOf(metadata: EntityMetadata): Markable | undefined {
  return typeof metadata.target === 'function' ? metadata.target : schemaOf(metadata);
}

function assertOwnTable({ name, tableType, parentEntityMetadata: parent }: EntityMetadata): void {
  if (tableType === 'entity-child' && auditedMark(parent.target as Markable))
    throw new AuditConfigurationError(
      `${name} is left out of the history, but shares the table of ${parent.name}, which is audited. ` +
        `Leave ${parent.name} out instead, or neither.`,
    );
}

// A child in its parent's table is audited with its parent, and can't have options of its own.
function isCoveredByParent(metadata: EntityMetadata, target: Markable): boolean {
  return (
    metadata.tableType === 'entity-child' &&
    !!auditedMark(metadata.parentEntityMetadata.target as Markable) &&
    Object.keys(ownAuditedMark(target) ?? {}).length === 0
  );
}
