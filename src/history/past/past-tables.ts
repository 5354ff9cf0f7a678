import { type DataSource } from 'typeorm';
import { type AuditPlans } from '../../audited/audit-plans.js';
import { PastTable } from './past-table.js';

/** Finds the audited tables of a data source in statements. It doesn't depend on the moment. */
export class PastTables {
  private readonly byPath: ReadonlyMap<string, PastTable>;
  private readonly all: readonly PastTable[];

  constructor(dataSource: DataSource, plans: AuditPlans) {
    this.byPath = new Map(
      plans.all.map((plan) => [plan.metadata.tablePath, new PastTable(dataSource, plan)]),
    );
    this.all = [...this.byPath.values()];
  }

  at(tablePath: string): PastTable | undefined {
    return this.byPath.get(tablePath);
  }

  /** Replaces tables named with their schema by their expressions. */
  rename(sql: string): string {
    return HAS_QUALIFIED.test(sql) ? this.all.reduce((text, table) => table.rename(text), sql) : sql;
  }

  /** The tables that a statement may read. */
  in(sql: string): PastTable[] {
    return this.all.filter((table) => table.occursIn(sql));
  }

  /** Whether a builder of the past, at this or another moment, wrote the WITH at this place. */
  beginsWithOurs(sql: string, at: number): boolean {
    return ['rev_moment AS (', ...this.all.map(({ beginning }) => beginning)].some((ours) =>
      sql.startsWith(`${ours}SELECT `, at),
    );
  }
}

// A quick test: builders never write an audited table with its schema, so most statements need no renaming.
const HAS_QUALIFIED = /\b(?:FROM|JOIN)\s+(?:[^\s.,()"`]+|"[^"]*"|`[^`]*`)\s*\./i;
