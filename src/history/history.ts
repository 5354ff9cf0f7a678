import { type DataSource } from 'typeorm';
import { type AuditPlans, auditPlansOf } from '../audited/audit-plans.js';
import { StateSlot } from '../typeorm/state-slot.js';
import { PastTables } from './past/past-tables.js';
import { type Reading, type ReadingOptions } from './revisions/reading.js';
import { RevisionTables } from './revisions/revision-tables.js';

/** The caches that all reads of a data source share: statements, readers, and the tables of the past. */
export class History {
  private readonly revisions: RevisionTables;
  private pastTables: PastTables | undefined;
  private readonly changes: number;

  constructor(readonly plans: AuditPlans) {
    this.revisions = new RevisionTables(plans.dataSource);
    this.changes = plans.changes;
  }

  /** Whether it knows the plans as they are now. */
  isOf(plans: AuditPlans): boolean {
    return this.plans === plans && this.changes === plans.changes;
  }

  /** @param dataSource the data source whose query runners read: this history's, or a data source derived from it */
  reading(dataSource: DataSource, options: ReadingOptions = {}): Reading {
    return { dataSource, tables: this.revisions, ...options };
  }

  get past(): PastTables {
    return (this.pastTables ??= new PastTables(this.plans.dataSource, this.plans));
  }
}

const histories = new StateSlot<History>('history');

/** The history of an initialised data source. Data sources that are derived from it share it. */
export function historyOf(dataSource: DataSource): History {
  const plans = auditPlansOf(dataSource);
  const known = histories.of(plans.dataSource);
  // A data source that is initialised again has other plans, and a look at the tables may change one.
  if (known?.isOf(plans)) return known;
  const history = new History(plans);
  histories.set(plans.dataSource, history);
  return history;
}
