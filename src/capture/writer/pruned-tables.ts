import { setTimeout as sleep } from 'node:timers/promises';
import { type DataSource, type QueryRunner } from 'typeorm';
import { type AuditPlan } from '../../audited/audit-plan.js';
import { auditPlansOf } from '../../audited/audit-plans.js';
import { readTemplate } from '../../dialect/run/statement.js';
import { dialectOf } from '../../dialect/dialect-of.js';
import { tableName } from '../../dialect/catalogue/table-name.js';
import { isPending } from '../tables/pending-tables.js';

const TRUST_MS = 2_000;

/**
 * Knows which tables have been pruned. In these, version 1 of a key may be free although the key has later versions.
 *
 * On databases where a look for the history of a new key takes gap locks, writers assume that new keys have none. That
 * is only safe without a prune. Writers cache "never pruned" for `TRUST_MS`. A prune first records itself, then waits
 * longer than that, so every writer has looked again before a revision disappears.
 */
export class PrunedTables {
  private readonly pruned = new Set<AuditPlan>();
  private readonly unprunedUntil = new Map<AuditPlan, number>();

  constructor(private readonly dataSource: DataSource) {}

  async has(queryRunner: QueryRunner, plan: AuditPlan): Promise<boolean> {
    if (this.pruned.has(plan)) return true;
    if ((this.unprunedUntil.get(plan) ?? 0) > Date.now()) return false;
    const { maintenance } = auditPlansOf(this.dataSource).own!;
    if (await isPending(queryRunner, maintenance)) return false;
    const asked = Date.now();
    const isPruned = await wasPruned(this.dataSource, queryRunner, plan);
    if (isPruned) this.pruned.add(plan);
    else this.unprunedUntil.set(plan, asked + TRUST_MS);
    return isPruned;
  }
}

/** Whether the maintenance table lists a prune or erase of a table. */
export async function wasPruned(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  plan: AuditPlan,
): Promise<boolean> {
  const dialect = dialectOf(dataSource);
  const path = tableName(dataSource, auditPlansOf(dataSource).own!.maintenance);
  const found = await readTemplate(
    queryRunner,
    dialect,
    `SELECT 1 AS pruned FROM ${path} WHERE ${dialect.types.sameText('entity', '{{entity}}')} AND action IN ('prune', 'erase') ${dialect.sql.limit(1)}`,
    { entity: plan.metadata.tablePath },
  );
  return found.length > 0;
}

/** Waits until every writer that has cached "never pruned" has looked again. */
export function untilPruneIsKnown(): Promise<void> {
  return sleep(TRUST_MS + 100);
}
