import { type DataSource, EntitySchema, type EntityMetadata, type EntityTarget } from 'typeorm';
import { AuditConfigurationError, NotAuditedError } from '../audit.errors.js';
import { assertSupported } from '../dialect/dialect-of.js';
import { assertOneTypeorm } from '../revision/assert-one-typeorm.js';
import { extendDataSources, schemaOf } from '../revision/data-source.patch.js';
import { buildMaintenanceMetadata } from '../revision/maintenance-record.js';
import { buildRevisionMetadatas } from '../revision/revision-metadata.js';
import {
  type AuditPlan,
  type AuditPlanDraft,
  completePlan,
  draftJunctions,
  draftPlan,
} from './audit-plan.js';
import { assertNameIsFree, assertOneNameEach, assertOneTableEach } from './assert-distinct.js';
import { auditedMark, type Markable, ownAuditedMark } from './marks.js';

/** The plans of one data source, by table. */
export class AuditPlans {
  private readonly byMetadata: Map<EntityMetadata, AuditPlan>;
  private readonly revisions: Set<EntityMetadata>;
  private known: ReadonlySet<EntityMetadata> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    plans: readonly AuditPlan[],
    /** Of the table that says what was done to the history; undefined where nothing is audited. */
    readonly maintenance: EntityMetadata | undefined,
  ) {
    this.byMetadata = new Map(plans.map((plan) => [plan.metadata, plan]));
    this.revisions = new Set(plans.map((plan) => plan.revision));
  }

  /** Of entities and junction tables, in the order of the data source's metadata. */
  get all(): AuditPlan[] {
    return [...this.byMetadata.values()];
  }

  /** Of entities only: what has a timeline of its own and a name in the HTTP API. */
  get entities(): AuditPlan[] {
    return this.all.filter((plan) => !plan.metadata.isJunction);
  }

  /** The plan that records writes to a table, or undefined if it isn't audited. */
  find(metadata: EntityMetadata): AuditPlan | undefined {
    const plan = this.byMetadata.get(metadata) ?? this.byMetadata.get(metadata.parentEntityMetadata);
    return plan ?? (this.isKnown(metadata) ? undefined : this.ofTable(metadata));
  }

  /** Whether a table is only ever added to. */
  isRevision(metadata: EntityMetadata): boolean {
    if (this.isKnown(metadata)) return this.revisions.has(metadata) || metadata === this.maintenance;
    return [this.maintenance, ...this.revisions].some((known) => known?.tablePath === metadata.tablePath);
  }

  // A data source that is derived from another one, for a tenant say, may have copies of its metadata.
  private isKnown(metadata: EntityMetadata): boolean {
    this.known ??= new Set(this.dataSource.entityMetadatas);
    return this.known.has(metadata);
  }

  private ofTable({ tablePath }: EntityMetadata): AuditPlan | undefined {
    return this.all.find((plan) => plan.metadata.tablePath === tablePath);
  }

  /** The plan of an entity class, schema or name. @throws NotAuditedError */
  get(target: EntityTarget<any>): AuditPlan {
    const plan = this.dataSource.hasMetadata(target) && this.find(this.dataSource.getMetadata(target));
    if (!plan) throw new NotAuditedError(nameOf(target));
    return plan;
  }
}

const PLANS = Symbol.for('nestjs-typeorm-audit:plans');

/**
 * The plans of an initialised data source.
 *
 * @throws AuditConfigurationError when it isn't, is of another copy of TypeORM, or was initialised before this library
 *   was loaded
 */
export function auditPlansOf(dataSource: DataSource): AuditPlans {
  const plans = (dataSource as { [PLANS]?: AuditPlans })[PLANS];
  if (plans) return plans;
  assertOneTypeorm(dataSource);
  throw new AuditConfigurationError(
    dataSource.isInitialized
      ? 'The data source was initialised before nestjs-typeorm-audit was loaded, so it has no revision tables. ' +
          'Mark its entities with @Audited() before dataSource.initialize().'
      : 'The data source is not initialised. Await dataSource.initialize() first.',
  );
}

extendDataSources((dataSource) => {
  const drafts = draftPlans(dataSource);
  const revisions = buildRevisionMetadatas(
    dataSource,
    drafts.map((draft) => draft.definition),
  );
  assertOneTableEach(dataSource, revisions, drafts);
  const plans = drafts.map((draft, at) => completePlan(draft, revisions[at]));
  const maintenance = plans.length > 0 ? buildMaintenanceMetadata(dataSource) : undefined;
  assertNameIsFree(dataSource, maintenance);
  Object.assign(dataSource, { [PLANS]: new AuditPlans(dataSource, plans, maintenance) });
  return maintenance ? [...revisions, maintenance] : revisions;
});

function draftPlans(dataSource: DataSource): AuditPlanDraft[] {
  const entities: AuditPlanDraft[] = [];
  for (const metadata of dataSource.entityMetadatas) {
    const target = typeof metadata.target === 'function' ? metadata.target : schemaOf(metadata);
    const options = target && auditedMark(target);
    if (!options || isCoveredByParent(metadata, target)) continue;
    assertSupported(dataSource, metadata.name);
    entities.push(draftPlan(dataSource, metadata, target, options));
  }
  assertOneNameEach(entities);
  const junctions = new Map(
    entities
      .flatMap((owner) => draftJunctions(dataSource, owner))
      .map((draft) => [draft.definition.metadata, draft]),
  );
  return [...entities, ...junctions.values()];
}

// A child in its parent's table needs no mark of its own, and can't have options of its own.
function isCoveredByParent(metadata: EntityMetadata, target: Markable): boolean {
  return (
    metadata.tableType === 'entity-child' &&
    !!auditedMark(metadata.parentEntityMetadata.target as Markable) &&
    Object.keys(ownAuditedMark(target) ?? {}).length === 0
  );
}

function nameOf(target: EntityTarget<any>): string {
  if (typeof target === 'function') return target.name;
  if (target instanceof EntitySchema) return target.options.name;
  return typeof target === 'string' ? target : target.name;
}
