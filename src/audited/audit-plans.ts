import { inspect } from 'node:util';
import {
  type BaseEntity,
  type DataSource,
  EntitySchema,
  type EntityMetadata,
  type EntityTarget,
} from 'typeorm';
import { AuditConfigurationError, InvalidArgumentError, NotAuditedError } from '../audit.errors.js';
import { assertOneTypeorm } from '../typeorm/assert-one-typeorm.js';
import { extendDataSources } from '../typeorm/patches/data-source.patch.js';
import { StateSlot } from '../typeorm/state-slot.js';
import { buildOwnTables, type OwnTables } from '../revision/own-tables.js';
import { buildRevisionMetadatas } from '../revision/revision-metadata.js';
import { revisionTargetOf } from '../revision/revision-of.js';
import {
  type AuditPlan,
  completePlan,
  hasKeyOf,
  type PlanColumn,
  shapeOf,
  viewOf,
  withKeyOf,
} from './audit-plan.js';
import { assertNamesAreFree, assertOneTableEach } from './assert-distinct.js';
import { draftPlans } from './draft-plans.js';

/** The plans of one data source, by table. */
export class AuditPlans {
  private readonly byMetadata: Map<EntityMetadata, AuditPlan>;
  private readonly appendOnly: Set<EntityMetadata>;
  private readonly views = new Map<EntityMetadata, AuditPlan>();
  private readonly rekeyed = new Map<EntityMetadata, EntityMetadata>();
  private known: ReadonlySet<EntityMetadata> | undefined;
  /** Whether the plans know their gaps. */
  areShapesKnown = false;
  /** How often a plan has changed since the data source was initialised. */
  changes = 0;

  constructor(
    /** The data source that the plans were made for. Data sources derived from it share the plans. */
    readonly dataSource: DataSource,
    plans: readonly AuditPlan[],
    /** The metadata of the tables that a data source has once; undefined if nothing is audited. */
    readonly own: OwnTables | undefined,
  ) {
    this.byMetadata = new Map(
      plans.flatMap((plan) => [plan.metadata, ...plan.others].map((metadata) => [metadata, plan])),
    );
    this.appendOnly = new Set([...plans.map((plan) => plan.revision), ...this.ownTables]);
    for (const plan of plans)
      for (const other of plan.others)
        if (!hasKeyOf(plan, other)) this.rekeyed.set(other, withKeyOf(plan, other));
  }

  /** All tables of `own`. */
  get ownTables(): readonly EntityMetadata[] {
    return Object.values(this.own ?? {});
  }

  /** The plans of entities and junction tables, in the order of the data source's metadata. */
  get all(): AuditPlan[] {
    return [...new Set(this.byMetadata.values())];
  }

  /** The plans of entities only: each has a timeline and an audited name of its own. */
  get entities(): AuditPlan[] {
    return this.all.filter((plan) => !plan.metadata.isJunction);
  }

  /** The plan that records writes to a table, or undefined if it isn't audited. */
  find(metadata: EntityMetadata): AuditPlan | undefined {
    const plan = this.byMetadata.get(metadata) ?? this.byMetadata.get(metadata.parentEntityMetadata);
    return plan ?? (this.isKnown(metadata) ? undefined : this.ofTable(metadata));
  }

  /**
   * The metadata of a table with the key of the table's plan as its `primaryColumns`. Another entity or a relation on
   * the table may have the key in another order, or not at all.
   */
  keyed(metadata: EntityMetadata): EntityMetadata {
    if (this.rekeyed.size === 0) return metadata;
    const known = this.isKnown(metadata)
      ? metadata
      : [...this.rekeyed.keys()].find(
          ({ name, tablePath }) => name === metadata.name && tablePath === metadata.tablePath,
        );
    return (known && this.rekeyed.get(known)) ?? metadata;
  }

  /** Whether an entity or a relation has all key columns of its table's plan. */
  tellsKey(metadata: EntityMetadata): boolean {
    const { primaryColumns } = this.keyed(metadata);
    return (
      primaryColumns === metadata.primaryColumns ||
      primaryColumns.every((column) => metadata.columns.includes(column))
    );
  }

  /** From now on records a table without some of its columns. */
  leaveOut(plan: AuditPlan, absent: readonly PlanColumn[]): void {
    if (absent.length === 0) return;
    const columns = this.present(plan).columns.filter((column) => !absent.includes(column));
    this.replace(plan, { columns, shape: shapeOf(columns) });
  }

  /** From now on takes into account what revisions of other shapes don't know. */
  knowGaps(plan: AuditPlan, known: Pick<AuditPlan, 'gaps' | 'emptied'>): void {
    const sizes = [known.gaps, known.emptied, plan.gaps, plan.emptied].map(({ size }) => size);
    if (sizes.some((size) => size > 0)) this.replace(plan, { gaps: known.gaps, emptied: known.emptied });
  }

  /** From now on takes into account how the revision table differs from the plan's metadata. */
  knowTable(plan: AuditPlan, { kept, narrowed }: Pick<AuditPlan, 'kept' | 'narrowed'>): void {
    const known = this.present(plan);
    const isSame = kept.join() === known.kept.join() && [...narrowed].join() === [...known.narrowed].join();
    if (!isSame) this.replace(plan, { kept, narrowed });
  }

  private present({ metadata }: AuditPlan): AuditPlan {
    return this.byMetadata.get(metadata)!;
  }

  private replace(plan: AuditPlan, change: Partial<AuditPlan>): void {
    const replaced = { ...this.present(plan), ...change };
    for (const each of [plan.metadata, ...plan.others]) this.byMetadata.set(each, replaced);
    this.views.clear();
    this.changes++;
  }

  /** Whether a table is append-only: a revision table, or another table of this library. */
  isRevision(metadata: EntityMetadata): boolean {
    if (this.isKnown(metadata)) return this.appendOnly.has(metadata);
    return [...this.appendOnly].some(({ tablePath }) => tablePath === metadata.tablePath);
  }

  // A data source derived from another one, for a tenant say, may have copies of the metadata.
  private isKnown(metadata: EntityMetadata): boolean {
    this.known ??= new Set(this.dataSource.entityMetadatas);
    return this.known.has(metadata);
  }

  private ofTable({ tablePath }: EntityMetadata): AuditPlan | undefined {
    return this.all.find((plan) => plan.metadata.tablePath === tablePath);
  }

  /** The plan of an entity class, schema or name. @throws NotAuditedError @throws InvalidArgumentError 'entity' */
  get(target: EntityTarget<any>): AuditPlan {
    assertNamesEntity(target);
    const plan = this.dataSource.hasMetadata(target) && this.find(this.dataSource.getMetadata(target));
    if (!plan) throw new NotAuditedError(nameOf(target));
    return plan;
  }

  /** The plan with the columns and names of one of the entities on its table. @throws NotAuditedError */
  seenBy(target: EntityTarget<any>): AuditPlan {
    const plan = this.get(target);
    const metadata = this.dataSource.getMetadata(target);
    if (!plan.others.includes(metadata)) return plan;
    let view = this.views.get(metadata);
    if (!view) this.views.set(metadata, (view = viewOf(plan, metadata)));
    return view;
  }
}

const plansOf = new StateSlot<AuditPlans>('plans');

/** The plans of a data source; undefined unless it was initialised after this library was loaded. */
export function findAuditPlans(dataSource: DataSource): AuditPlans | undefined {
  return plansOf.of(dataSource);
}

/**
 * The plans of an initialised data source.
 *
 * @throws AuditConfigurationError when the data source is not initialised, is of another copy of TypeORM, or was
 *   initialised before this library was loaded
 */
export function auditPlansOf(dataSource: DataSource): AuditPlans {
  const plans = findAuditPlans(dataSource);
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
  const own = plans.length > 0 ? buildOwnTables(dataSource) : undefined;
  const ownTables = Object.values(own ?? {});
  assertNamesAreFree(dataSource, ownTables);
  plansOf.set(dataSource, new AuditPlans(dataSource, plans, own));
  const built = [...revisions, ...ownTables];
  for (const { target } of built) if (isActiveRecord(target)) target.useDataSource(dataSource);
  const aliases = plans.flatMap(({ others, revision }) =>
    others
      .filter(({ isJunction }) => !isJunction)
      .map(
        ({ target, tableName }) =>
          [revisionTargetOf(target, tableName) as EntityMetadata['target'], revision] as const,
      ),
  );
  return { metadatas: built, aliases };
});

function isActiveRecord(target: unknown): target is typeof BaseEntity {
  return typeof (target as Partial<typeof BaseEntity>).useDataSource === 'function';
}

/** @throws InvalidArgumentError when untyped code has given something else, such as options */
function assertNamesEntity(target: unknown): asserts target is EntityTarget<any> {
  const isName = typeof target === 'string' || typeof target === 'function' || target instanceof EntitySchema;
  if (isName || (typeof target === 'object' && target !== null && 'name' in target)) return;
  throw new InvalidArgumentError(
    'entity',
    `must be an entity: its class, its EntitySchema or its name, got ${inspect(target, { depth: 0 })}.`,
  );
}

function nameOf(target: EntityTarget<any>): string {
  if (typeof target === 'function') return target.name;
  if (target instanceof EntitySchema) return target.options.name;
  return typeof target === 'string' ? target : target.name;
}
