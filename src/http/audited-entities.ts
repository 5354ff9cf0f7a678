import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { AUDITED_DATA_SOURCE } from '../audit.tokens.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { assertOneNameEach } from '../audited/assert-distinct.js';
import { type Revision } from '../history/types/revision.js';

/** An audited entity as `GET /audit` lists it. */
export interface EntityDescription {
  /** The entity's name in the other paths. */
  name: string;
  revisionTable: string;
  /** The properties of its key, in the order of the values in an id. */
  keys: string[];
  /** The properties that its history shows. */
  columns: string[];
}

// The first segment of the path `transactions/:id`.
const RESERVED_NAME = 'transactions';

/** The audited entities of the data source, by name in the paths. */
@Injectable()
export class AuditedEntities {
  private readonly plans: ReadonlyMap<string, AuditPlan>;
  /** The plans of junction tables, whose revisions only appear in feeds. */
  private readonly junctions: ReadonlyMap<string, AuditPlan>;

  /** @throws AuditConfigurationError when the name of an entity would be ambiguous in a path */
  constructor(@Inject(AUDITED_DATA_SOURCE) dataSource: DataSource) {
    const plans = auditPlansOf(dataSource);
    assertOneNameEach(plans.entities);
    this.plans = new Map(plans.entities.map((plan) => [plan.name, plan]));
    const junctions = plans.all.filter(({ metadata }) => metadata.isJunction);
    this.junctions = new Map(junctions.map((plan) => [plan.name, plan]));
    const reserved = this.plans.get(RESERVED_NAME);
    if (reserved)
      throw new AuditConfigurationError(
        `${reserved.metadata.name} is audited as "${RESERVED_NAME}", which is a path of the endpoints. ` +
          `Give it another name there: @Audited({ name: 'payments' }).`,
      );
  }

  /** @param hiddenOf returns the paths of the properties to hide */
  list(hiddenOf: (plan: AuditPlan) => ReadonlySet<string>): EntityDescription[] {
    return [...this.plans.values()].map((plan) => this.describe(plan, hiddenOf(plan)));
  }

  private describe(
    { name, revision, keys, columns }: AuditPlan,
    hidden: ReadonlySet<string>,
  ): EntityDescription {
    return {
      name,
      revisionTable: revision.tablePath,
      keys: keys.map(({ propertyPath }) => propertyPath),
      columns: [
        ...new Set(
          columns
            .filter(({ copy, propertyPath }) => copy.isSelect && !hidden.has(propertyPath))
            .map(({ propertyPath }) => propertyPath),
        ),
      ],
    };
  }

  /** @throws NotFoundException */
  get(name: string): AuditPlan {
    const plan = this.plans.get(name);
    if (!plan) throw unknown(name);
    return plan;
  }

  /** The plan of a revision in a feed, including junction tables. */
  ofRevision({ entity }: Pick<Revision, 'entity'>): AuditPlan {
    return this.plans.get(entity) ?? this.junctions.get(entity)!;
  }

  /** The plan of an entity or a junction table, whose revisions appear in feeds too. @throws NotFoundException */
  ofFeed(name: string): AuditPlan {
    const plan = this.plans.get(name) ?? this.junctions.get(name);
    if (!plan) throw unknown(name);
    return plan;
  }
}

function unknown(name: string): NotFoundException {
  return new NotFoundException(`No audited entity is named "${name}".`);
}
