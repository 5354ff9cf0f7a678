import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditConfigurationError } from '../audit.errors.js';
import { AUDITED_DATA_SOURCE } from '../audit.tokens.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { auditPlansOf } from '../audited/audit-plans.js';
import { assertOneNameEach } from '../audited/assert-distinct.js';
import { type Revision } from '../history/history.types.js';

/** An audited entity as `GET /audit` lists it. */
export interface EntityDescription {
  /** What stands for it in the other paths. */
  name: string;
  revisionTable: string;
  /** The properties of its key, in the order in which an id has their values. */
  keys: string[];
  /** The properties that its history shows. */
  columns: string[];
}

// The paths of one transaction begin with it.
const RESERVED_NAME = 'transactions';

/** The audited entities of the data source, by their names in the paths. */
@Injectable()
export class AuditedEntities {
  private readonly plans: ReadonlyMap<string, AuditPlan>;
  /** Those of junction tables, whose revisions are in feeds. */
  private readonly junctions: ReadonlyMap<string, AuditPlan>;

  /** @throws AuditConfigurationError when a path could not tell an entity from something else */
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

  /** @param hiddenOf the properties that nothing is shown of, by their paths */
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

  /** The plan of a revision in a feed, which may be of a junction table. */
  ofRevision({ entity }: Revision): AuditPlan {
    return this.plans.get(entity) ?? this.junctions.get(entity)!;
  }

  /** Of the revisions in a feed. @throws NotFoundException */
  assertRecorded(name: string): void {
    if (!this.plans.has(name) && !this.junctions.has(name)) throw unknown(name);
  }
}

function unknown(name: string): NotFoundException {
  return new NotFoundException(`No audited entity is named "${name}".`);
}
