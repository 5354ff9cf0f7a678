import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AUDITED_DATA_SOURCE } from '../audit.tokens.js';
import { type AuditPlan } from '../audited/audit-plan.js';
import { auditPlansOf } from '../audited/audit-plans.js';

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

/** The audited entities of the data source, by their names in the paths. */
@Injectable()
export class AuditedEntities {
  private readonly plans: ReadonlyMap<string, AuditPlan>;

  constructor(@Inject(AUDITED_DATA_SOURCE) dataSource: DataSource) {
    this.plans = new Map(auditPlansOf(dataSource).entities.map((plan) => [plan.name, plan]));
  }

  list(): EntityDescription[] {
    return [...this.plans.values()].map(({ name, revision, keys, columns }) => ({
      name,
      revisionTable: revision.tablePath,
      keys: keys.map(({ propertyPath }) => propertyPath),
      columns: columns.filter(({ copy }) => copy.isSelect).map(({ propertyPath }) => propertyPath),
    }));
  }

  /** @throws NotFoundException */
  get(name: string): AuditPlan {
    const plan = this.plans.get(name);
    if (!plan) throw new NotFoundException(`No audited entity is named "${name}".`);
    return plan;
  }
}
