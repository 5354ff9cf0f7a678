import { type DataSource } from 'typeorm';
import { type AuditPlans } from '../../audited/audit-plans.js';
import { PastTable } from './past-table.js';

/** The audited tables of a data source, and where a statement names them. The same for every moment. */
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

  /** Replaces tables that a statement names with their schema by the names of their expressions. */
  rename(sql: string): string {
    return HAS_QUALIFIED.test(sql) ? this.all.reduce((text, table) => table.rename(text), sql) : sql;
  }

  /** The tables that a statement may read. */
  in(sql: string): PastTable[] {
    return this.all.filter((table) => table.occursIn(sql));
  }

  /** Whether the WITH at this place was written by a builder of the past, of this or another moment. */
  beginsWithOurs(sql: string, at: number): boolean {
    return ['rev_moment AS (', ...this.all.map(({ beginning }) => beginning)].some((ours) =>
      sql.startsWith(`${ours}SELECT `, at),
    );
  }
}

// Whether there is anything to rename: builders write no table of ours with its schema.
const HAS_QUALIFIED = /\b(?:FROM|JOIN)\s+(?:[^\s.,()"`]+|"[^"]*"|`[^`]*`)\s*\./i;
