import { type DataSource } from 'typeorm';
import { type AuditPlans } from '../../audited/audit-plans.js';
import { PastTable } from './past-table.js';

/** The audited tables of a data source, and where a statement has them: all of it that no moment changes. */
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

  /** A statement in which the tables have the names of their expressions where they were written with a schema. */
  rename(sql: string): string {
    return HAS_QUALIFIED.test(sql) ? this.all.reduce((text, table) => table.rename(text), sql) : sql;
  }

  /** Those that a statement may read. */
  in(sql: string): PastTable[] {
    return this.all.filter((table) => table.occursIn(sql));
  }

  /** Whether what a WITH begins with there comes from a builder of a past, of this or another moment. */
  beginsWithOurs(sql: string, at: number): boolean {
    return ['rev_moment AS (', ...this.all.map(({ beginning }) => beginning)].some((ours) =>
      sql.startsWith(`${ours}SELECT `, at),
    );
  }
}

// Whether there is anything to rename: builders write no table of ours with its schema.
const HAS_QUALIFIED = /\b(?:FROM|JOIN)\s+(?:[^\s.,()"`]+|"[^"]*"|`[^`]*`)\s*\./i;
